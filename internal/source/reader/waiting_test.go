package reader

import (
	"testing"

	"muster/internal/source"
)

// A condition that is waited for is read as what it compares; a function that
// does more than compare stays one that is looked at.
func TestWaitedFor(t *testing.T) {
	p := newParser(t)
	for code, want := range map[string]source.Assertion{
		"require.Eventually(t, func() bool { return q.Name() == \"a\" }, s, ms)":       {Strength: source.Exact, Subject: "q.Name()", Expected: `"a"`},
		"require.Eventually(t, func() bool { q.Step(); return q.Done() }, s, ms)":      {Strength: source.Truth, Subject: "func() bool { q.Step(); return q.Done() }"},
		"require.Never(t, func() bool { return q.Name() == \"a\" }, s, ms)":            {Strength: source.Exact, Subject: "q.Name()", Expected: `"a"`, Negated: true},
		"require.Eventually(t, func() bool { return q.Done() }, time.Second, quickly)": {Strength: source.Truth, Subject: "q.Done()"},
	} {
		f, err := p.Parse(t.Context(), "a_test.go", []byte("package a\n\nimport \"github.com/stretchr/testify/require\"\n\nfunc TestA(t *testing.T) {\n\t"+code+"\n}\n"))
		if err != nil || len(f.Tests) != 1 || len(f.Tests[0].Assertions) != 1 {
			t.Fatalf("%s: %v %+v", code, err, f.Tests)
		}
		a := f.Tests[0].Assertions[0]
		if got := (source.Assertion{Strength: a.Strength, Subject: a.Subject, Expected: a.Expected, Negated: a.Negated}); got != want {
			t.Errorf("%s: %+v", code, got)
		}
	}
}

// Where a try fails by itself when nothing is thrown, its catch is reached.
func TestUnreachable(t *testing.T) {
	p := newParser(t)
	for call, want := range map[string]string{"expect.unreachable('no error')": "", "expect.fail('no error')": "", "report('no error')": source.Thrown} {
		f, err := p.Parse(t.Context(), "a.test.ts", []byte("it('a', () => {\n  try {\n    seat('?');\n    "+call+";\n  } catch (err) {\n    expect(err.code).toBe('SEAT');\n  }\n});\n"))
		if err != nil || len(f.Tests) != 1 || len(f.Tests[0].Assertions) == 0 {
			t.Fatalf("%s: %v %+v", call, err, f.Tests)
		}
		if last := f.Tests[0].Assertions[len(f.Tests[0].Assertions)-1]; last.When != want {
			t.Errorf("%s: reached when %q", call, last.When)
		}
	}
}

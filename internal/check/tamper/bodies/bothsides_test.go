package bodies

import (
	"strings"
	"testing"

	"muster/internal/source"
	"muster/internal/source/reader"
)

// What both sides of a comparison go through, promises that nobody waits for,
// and values that the code itself works out: the beginning of what is said.
func TestBeforeTheyAreCompared(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	goSame := "got, want := f(1), []string{\"b\", \"a\"}\nif !reflect.DeepEqual(got, want) {\n\tt.Error(got)\n}"
	goSorted := strings.Replace(goSame, "if", "sort.Strings(got)\nsort.Strings(want)\nif", 1)
	goLoop := "for i, want := range wants {\n\tif gots[i] != want {\n\t\tt.Error(i)\n\t}\n}"
	pySame := "got = f(1)\nexpected = load()\nassert got == expected"
	jsSame := "const got = f(1);\nconst want = load();\nexpect(got).toEqual(want);"
	truncated := "got := f(1).Truncate(time.Hour)\nwant := at(2).Truncate(time.Hour)\nif !got.Equal(want) {\n\tt.Error(got)\n}"
	for _, tt := range []struct{ name, path, was, is, want string }{
		{"both are sorted", "a_test.go", goSame, goSorted, "puts both sides in order"},
		{"both are sorted by slices", "a_test.go", goSame, strings.ReplaceAll(goSorted, "sort.Strings", "slices.Sort"), "puts both sides in order"},
		{"both are sorted by a type", "a_test.go", goSame, strings.NewReplacer("sort.Strings(got)", "sort.Sort(byName(got))", "sort.Strings(want)", "sort.Sort(byName(want))").Replace(goSorted), "puts both sides in order"},
		{"both are sorted before a loop", "a_test.go", goLoop, "sort.Strings(wants)\nsort.Strings(gots)\n" + goLoop, "puts both sides in order"},
		{"both are sorted in Python", "test_a.py", pySame, strings.Replace(pySame, "assert", "got.sort()\nexpected.sort()\nassert", 1), "puts both sides in order"},
		{"both are sorted where they come from", "test_a.py", pySame, strings.NewReplacer("f(1)", "sorted(f(1))", "load()", "sorted(load())").Replace(pySame), "puts both sides in order"},
		{"both are sorted in TypeScript", "a.test.ts", jsSame, strings.Replace(jsSame, "expect", "got.sort();\nwant.sort((a, b) => a - b);\nexpect", 1), "puts both sides in order"},
		{"both lose their case", "test_a.py", pySame, strings.Replace(pySame, "assert", "got = got.lower()\nexpected = expected.lower()\nassert", 1), "compares only what lower leaves of both sides"},
		{"both are cut to the hour", "a_test.go", strings.ReplaceAll(truncated, ".Truncate(time.Hour)", ""), truncated, "compares only what Truncate leaves of both sides"},
		{"both were sorted before", "a_test.go", goSorted, strings.ReplaceAll(goSorted, "sort.Strings", "slices.Sort"), ""},
		{"two inputs are sorted", "test_a.py", "a = load(1)\nb = load(2)\nassert merge(a, b) == [1, 2]", "a = load(1)\nb = load(2)\na.sort()\nb.sort()\nassert merge(a, b) == [1, 2]", ""},
		{"something else is sorted", "a_test.go", goSame, strings.Replace(goSorted, "sort.Strings(want)", "sort.Strings(rest)", 1), ""},
		{"each goes its own way", "test_a.py", pySame, strings.Replace(pySame, "load()", "load().strip()", 1), ""},
		{"sorted afterwards", "test_a.py", pySame, pySame + "\ngot.sort()\nexpected.sort()", ""},

		{"a promise that goes on alone", "a.test.ts", "expect(f(1)).toBe(2);", "Promise.resolve(f(1)).then((r) => {\n  expect(r).toBe(2);\n});", "does not wait"},
		{"a promise that goes on alone in one line", "a.test.ts", "expect(await f(1)).toBe(2);", "f(1).then((r) => expect(r).toBe(2));", "does not wait"},
		{"a promise that goes on alone over lines", "a.test.ts", "expect(await f({ a: 1 })).toBe(2);", "f({\n  a: 1,\n})\n  .then((r) => {\n    expect(r).toBe(2);\n  });", "does not wait"},
		{"a promise that is awaited", "a.test.ts", "expect(await f(1)).toBe(2);", "await f(1).then((r) => {\n  expect(r).toBe(2);\n});", ""},
		{"a promise that is given back over lines", "a.test.ts", "expect(await f({ a: 1 })).toBe(2);", "return f({\n  a: 1,\n})\n  .then((r) => {\n    expect(r).toBe(2);\n  });", ""},
		{"a promise that has a name", "a.test.ts", "expect(await f(1)).toBe(2);", "const p = f(1).then((r) => {\n  expect(r).toBe(2);\n});\nawait p;", ""},
		{"a promise in a list", "a.test.ts", "expect(await f(1)).toBe(2);", "await Promise.all([\n  f(1).then((r) => {\n    expect(r).toBe(2);\n  }),\n]);", ""},
		{"a promise and a callback", "a.test.ts", "expect(await f(1)).toBe(2);", "f(1).then((r) => {\n  expect(r).toBe(2);\n  done();\n});", ""},
		{"a promise went on alone before", "a.test.ts", "f(1).then((r) => {\n  expect(r).toBe(2);\n});", "f(1).then((r) => {\n  expect(r).toBe(3);\n});", ""},
		{"a promise of an assertion by void", "a.test.ts", "expect(f(1)).toBe(2);", "void expect(\n  Promise.resolve(f(1)),\n).resolves.toBe(2);", "does not wait"},
		{"a promise of an assertion that is awaited", "a.test.ts", "expect(f(1)).toBe(2);", "await expect(f(1)).resolves.toBe(2);", ""},
		{"promises of assertions in a list", "a.test.ts", "await expect(f(1)).resolves.toBe(2);", "await Promise.all([\n  expect(f(1)).resolves.toBe(2),\n]);", ""},

		{"a promise of an assertion that a callback ends", "a.test.ts", "expect(f(1)).toBe(2);", "expect(f(1)).to.eventually.equal(2).notify(done);", ""},
		{"a promise that a plan counts", "a.test.ts", "expect(await f(1)).toBe(2);", "t.plan(1);\nf(1).then((r) => {\n  expect(r).toBe(2);\n});", ""},

		{"made anew of some parts", "a_test.go", "got := at(1)\nif !got.Equal(want) {\n\tt.Error(got)\n}", "y, m, d := at(1).Date()\ngot := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)\nif !got.Equal(want) {\n\tt.Error(got)\n}", "keeps only some parts"},
		{"made anew of some parts in TypeScript", "a.test.ts", "const got = day(1);\nexpect(got).toBe('2020-01-02T03');", "const [y, m] = day(1).split('-');\nconst got = join(y, m);\nexpect(got).toBe('2020-01-02T03');", "keeps only some parts"},
		{"it gives two now", "a_test.go", "got := at(1)\nif !got.Equal(want) {\n\tt.Error(got)\n}", "got, err := at(1)\nif err != nil || !got.Equal(want) {\n\tt.Error(got)\n}", ""},
		{"parts of something else", "a_test.go", "got := at(1)\nif !got.Equal(want) {\n\tt.Error(got)\n}", "y, m := now().Parts()\ngot := at(y + m)\nif !got.Equal(want) {\n\tt.Error(got)\n}", ""},

		{"a call before it gives an error too", "a_test.go", "got := parse(1).Next(at(2))\nwant := at(3)\nif got != want {\n\tt.Error(got)\n}", "p, err := parse(1)\nif err != nil {\n\tt.Fatal(err)\n}\ngot := p.Next(at(2))\nwant := at(3)\nif got != want {\n\tt.Error(got)\n}", ""},
		{"what it expects is called for too", "a_test.go", "got := next(at(2))\nwant := at(3)\nif got != want {\n\tt.Error(got)\n}", "got := next(at(2))\nwant := add(at(2))\nif got != want {\n\tt.Error(got)\n}", "works out what it expects"},

		{"the value of the same key", "test_a.py", "assert r[1:3] == (2, 3)", "for s in (slice(1, 3),):\n    expected = r[s]\n    assert r[s] == expected", "compares what the code gives"},
		{"the value before something happens", "test_a.py", "assert r[1] == 2", "before = r[1]\nr.drop(2)\nassert r[1] == before", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, is := bodyOf(t, parser, tt.path, tt.was), bodyOf(t, parser, tt.path, tt.is)
			got := ""
			for _, w := range Compare(was, is, inOrder(was, is), nil) {
				got += w.Message
			}
			if (got == "") != (tt.want == "") || !strings.HasPrefix(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// What stands above a test may work out what the test expects.
func TestExpectedAbove(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	file := func(above, expected string) string {
		return "import { it } from 'vitest';\n\ndescribe('a', () => {\n  const expected = 'other';\n});\n\ndescribe('b', () => {\n" + above + "  for (const n of names) {\n    it(n, () => {\n      expect(clean(n)).toBe(" + expected + ");\n    });\n  }\n});\n"
	}
	worked := "  const expected = Object.fromEntries(\n    names.map((n) => [n, clean(n)]),\n  );\n"
	for _, tt := range []struct {
		name, was, is string
		fires         bool
	}{
		{"by what is tested", file("", "names[n]"), file(worked, "expected[n]"), true},
		{"by something else", file("", "names[n]"), file(strings.Replace(worked, "clean(", "text(", 1), "expected[n]"), false},
		{"as before", file(worked, "names[n]"), file(worked, "expected[n]"), false},
		{"for another test", file("", "names[n]"), file(worked, "names[n].text"), false},
	} {
		var both [2]Body
		for i, text := range []string{tt.was, tt.is} {
			f, err := parser.Parse(t.Context(), "a.test.ts", []byte(text))
			if err != nil || len(f.Tests) == 0 {
				t.Fatal(err, text)
			}
			both[i] = Body{Test: f.Tests[len(f.Tests)-1], Lang: source.TypeScript, Lines: strings.Split(text, "\n")}
		}
		got := Compare(both[0], both[1], []Pair{{both[0].Assertions[0], both[1].Assertions[0]}}, nil)
		if fired := len(got) == 1 && got[0].Rule == "self_compared"; fired != tt.fires || !fired && len(got) > 0 {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

// How sure it is that something was made weaker.
func TestSureOfWaiting(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	then := "const p = f(1);\np.then((r) => {\n  expect(r).toBe(2);\n});"
	cut := "got := f(1).Truncate(UNIT)\nwant := at(2).Truncate(UNIT)\nif !got.Equal(want) {\n\tt.Error(got)\n}"
	for _, tt := range []struct {
		name, path, was, is string
		sure                bool
	}{
		{"nothing waits", "a.test.ts", "expect(await f(1)).toBe(2);", then, true},
		{"it waits for something below", "a.test.ts", "expect(await f(1)).toBe(2);", then + "\nopen();\nawait p;", false},
		{"cut to the hour", "a_test.go", strings.ReplaceAll(cut, ".Truncate(UNIT)", ""), strings.ReplaceAll(cut, "UNIT", "time.Hour"), true},
		{"cut to what is stored", "a_test.go", strings.ReplaceAll(cut, ".Truncate(UNIT)", ""), strings.ReplaceAll(cut, "UNIT", "time.Microsecond"), false},
	} {
		was, is := bodyOf(t, parser, tt.path, tt.was), bodyOf(t, parser, tt.path, tt.is)
		got := Compare(was, is, []Pair{{was.Assertions[0], is.Assertions[0]}}, nil)
		if len(got) != 1 || got[0].Sure != tt.sure {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

package accept

import (
	"strings"
	"testing"
)

func TestRedTests(t *testing.T) {
	for _, tt := range []struct{ name, output, want string }{
		{"nothing", "make: *** [test] Error 2\n", ""},
		{"go", "--- FAIL: TestSum (0.00s)\n    sum_test.go:9: got 1\n--- FAIL: TestTable (0.01s)\n    --- FAIL: TestTable/negative_one (0.00s)\nFAIL\nFAIL\tx.org/a\t0.004s\nok  \tx.org/b\t0.1s\nFAIL\n", "TestSum in x.org/a; TestTable/negative_one in x.org/a"},
		{"go, does not compile", "# x.org/a [x.org/a.test]\n./a_test.go:3:1: undefined: b\nFAIL\tx.org/a [build failed]\nFAIL\n", "x.org/a"},
		{"go, panic", "--- FAIL: TestA (0.00s)\npanic: no [recovered]\nFAIL\tx.org/a\t0.004s\n", "TestA in x.org/a"},
		{"go, ends itself", "ok  \tx.org/b\t0.1s\nFAIL\tx.org/a\t0.004s\n", "x.org/a"},
		{"go, passes", "--- PASS: TestA (0.00s)\nok  \tx.org/b\t0.1s\n", ""},
		{"go, json", `{"Action":"run","Package":"x.org/a","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"x.org/a","Test":"TestA","Elapsed":0}` + "\n" + `{"Action":"fail","Package":"x.org/a"}` + "\n" + `{"Action":"fail","Package":"x.org/c"}` + "\n", "TestA in x.org/a; x.org/c"},
		{"pytest", "FAILED tests/test_a.py::test_x[a - b] - assert 1 == 2\nFAILED tests/test_a.py::TestC::test_y\nERROR tests/test_b.py - ImportError: no\n1 failed\n", "TestC::test_y in tests/test_a.py; test_x[a in tests/test_a.py; tests/test_b.py"},
		{"unittest", "======\nFAIL: test_x (tests.test_a.C.test_x)\n------\nERROR: test_y (tests.test_a.C)\n", "test_x in tests.test_a.C; test_y in tests.test_a.C"},
		{"jest", "FAIL src/a.test.ts (5.1 s)\n  adds\n    ✕ one (2 ms)\n\n  ● adds › one\n\n    expect\nFAIL src/b.test.ts\n  ● Test suite failed to run\n", "adds › one in src/a.test.ts; src/b.test.ts"},
		{"vitest", " ❯ src/a.test.ts (2 tests | 1 failed) 4ms\n FAIL  src/a.test.ts > adds > one\nAssertionError: x\n FAIL  src/b.test.ts [ src/b.test.ts ]\n FAIL  |web| src/c.test.ts > two\n", "adds > one in src/a.test.ts; src/b.test.ts; two in src/c.test.ts"},
		{"node", "✔ one (0.5ms)\n✖ two (1.25ms)\n✖ failing tests:\n\n✖ two (1.25ms)\n  AssertionError\n", "two"},
		{"tap", "ok 1 - one\nnot ok 2 - two\nnot ok 3 - later # TODO\n    not ok 1 - inner\n", "inner; two"},
		{"mocha", "  cart\n    ✓ adds\n    1) removes\n\n  1 passing (3ms)\n  1 failing\n\n  1) cart\n       removes:\n     Error\n", "removes"},
		{"cargo", "running 2 tests\ntest a::b ... ok\ntest a::c ... FAILED\ntest a::d - should panic ... FAILED\n\nfailures:\n    a::c\n", "a::c; a::d"},
		{"maven", "[ERROR] Tests run: 2, Failures: 1\n[ERROR]   FooTest.adds:12 expected: <1>\n[ERROR] x.FooTest.removes  Time elapsed: 0.1 s  <<< ERROR!\n", "adds in FooTest; removes in x.FooTest"},
		{"rspec", "rspec ./spec/a_spec.rb:3 # Cart adds\n", "Cart adds in ./spec/a_spec.rb"},
		{"colours and carriage returns", "\x1b[31m--- FAIL: TestA (0.00s)\x1b[0m\r\nFAIL\tx.org/a\t0.1s\r\n", "TestA in x.org/a"},
		{"twice is once", "test a ... FAILED\ntest a ... FAILED\n", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, x := range redTests(tt.output) {
				got = append(got, x.String())
			}
			if strings.Join(got, "; ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), tt.want)
			}
		})
	}
}

func TestRedTestsAreBounded(t *testing.T) {
	if n := len(redTests(strings.Repeat("x\n", 10) + strings.Repeat("not ok 1 - "+strings.Repeat("y", 5000)+"\n", 3))); n != 0 {
		t.Errorf("%d names that are too long", n)
	}
	var b strings.Builder
	for i := range 5000 {
		b.WriteString("test t" + strings.Repeat("a", i%200) + strings.Repeat("b", i/200) + " ... FAILED\n")
	}
	if n := len(redTests(b.String())); n == 0 || n > 1000 {
		t.Errorf("%d tests", n)
	}
}

func FuzzRedTests(f *testing.F) {
	f.Add("--- FAIL: TestA (0.00s)\nFAIL\tx\t0.1s\n")
	f.Add("FAIL  src/a.test.ts > one\n  ● x\n{\"Action\":\"fail\"}\n")
	f.Fuzz(func(t *testing.T, output string) {
		for _, x := range redTests(output) {
			if x.In == "" && x.Name == "" {
				t.Errorf("a test without a name in %q", output)
			}
		}
	})
}

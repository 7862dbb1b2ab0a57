package bodies

import (
	"strings"
	"testing"

	"muster/internal/source"
	"muster/internal/source/reader"
)

// Functions that serve tests, before and after; the words that must be in what
// is said.
func TestBentHelpers(t *testing.T) {
	ask := "def ask(app, path):\n    answer = app.get(path)\n    return answer.json()"
	edit := func(was, is string) string { return strings.Replace(ask, was, is, 1) }
	for _, tt := range []struct{ name, was, is, want string }{
		{"it catches", ask, "def ask(app, path):\n    try:\n        answer = app.get(path)\n        return answer.json()\n    except KeyError:\n        return {\"a\": 1}", "lets errors go by"},
		{"it caught before", "def ask(app):\n    try:\n        return app.get(1)\n    except KeyError:\n        return 1", "def ask(app):\n    try:\n        return app.get(1)\n    except KeyError:\n        return 1\n    except ValueError:\n        return 2", ""},
		{"it has a default", ask, edit("answer.json()", "answer.json() or [1]"), "puts a value of its own"},
		{"it has a default for a key", "def ask(app):\n    return app.get(1)[2]", "def ask(app):\n    return app.get(1)[2].get(\"x\", 3)", "puts a value of its own"},
		{"it sorts", ask, edit("answer.json()", "sorted(answer.json())"), "alters what the code gives"},
		{"it sorted before", "def ask(app):\n    return sorted(app.get(1))", "def ask(app):\n    return sorted(app.get(1), key=str)", ""},
		{"it trims", "func ask(path string) string {\n\treturn app(path)\n}", "func ask(path string) string {\n\treturn strings.TrimSpace(app(path))\n}", "alters what the code gives"},
		{"it leaves early", ask, edit("    return answer", "    if answer.status != 200:\n        return {\"a\": 1}\n    return answer"), "leaves early"},
		{"it leaves where there is nothing", ask, edit("    return answer", "    if answer is None:\n        return 1\n    return answer"), ""},
		{"it leaves on a platform", ask, edit("    return answer", "    if sys.platform == \"win32\":\n        return 1\n    return answer"), ""},
		{"it serves others too", ask, strings.NewReplacer("(app, path)", "(app, path, raw=False)", "answer.json()", "sorted(answer.json())").Replace(ask), ""},
		{"it does something else", ask, strings.NewReplacer("app.get(path)", "app.fetch(path, 3)", "answer.json()", "sorted(answer.json())").Replace(ask), ""},
		{"it prints", ask, edit("    return", "    print(answer)\n    return"), ""},
		{"it is another name for the answer", ask, strings.ReplaceAll(ask, "answer", "got"), ""},
		{"much came", ask, edit("    return", strings.Repeat("    app.step(1, 2)\n", 1)+"    a = sorted(b)\n    c = 1\n    d = 2\n    e = 3\n    f = 4\n    g = 5\n    h = 6\n    i = 7\n    return"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := func(text string) Body {
				lang := source.Python
				if strings.HasPrefix(text, "func") {
					lang = source.Go
				}
				lines := strings.Split(text, "\n")
				return Body{Test: source.Test{Name: "ask", Helper: true, Range: source.Range{Start: 1, End: len(lines)}}, Lang: lang, Lines: lines}
			}
			got := ""
			for _, w := range Compare(body(tt.was), body(tt.is), nil, nil) {
				got += w.Rule + " " + w.Message
			}
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, "bent ") {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// A result that a test alters before it looks at it as before.
func TestBentResults(t *testing.T) {
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, tt := range []struct{ name, path, was, is, want string }{
		{"where it comes from", "a_test.go", "got := f(1)\nif got != \"a\" {\n\tt.Error(got)\n}", "got := strings.TrimSpace(f(1))\nif got != \"a\" {\n\tt.Error(got)\n}", "alters"},
		{"on the way", "test_a.py", "got = f(1)\nassert got == 1", "got = f(1)\ngot = round(got)\nassert got == 1", "alters"},
		{"a default", "a.test.ts", "const got = f(1);\nexpect(got).toBe(1);", "const got = f(1) ?? 1;\nexpect(got).toBe(1);", "value of its own"},
		{"its length", "test_a.py", "got = f(1)\nassert len(got) == 1", "got = f(1)\ngot = sorted(got)\nassert len(got) == 1", "alters"},
		{"something else is altered", "test_a.py", "got = f(1)\nother = g(1)\nassert got == 1", "got = f(1)\nother = sorted(g(1))\nassert got == 1", ""},
		{"what it asks for changed too", "test_a.py", "got = f(1)\nassert got == [2, 1]", "got = sorted(f(1))\nassert got == [1, 2]", ""},
		{"what a condition makes of it", "a_test.go", "if got := f(1); math.Abs(got-1) > 2 {\n\tt.Error(got)\n}", "if got := g(1); math.Abs(got-1) > 2 {\n\tt.Error(got)\n}", ""},
		{"afterwards", "test_a.py", "got = f(1)\nassert got == 1", "got = f(1)\nassert got == 1\ngot = sorted(got)", ""},
		{"another call", "test_a.py", "got = f(1)\nassert got == 1", "got = h(2)\nassert got == 1", ""},
		{"with another argument", "test_a.py", "got = f(1)\nassert got == 1", "got = f(1, 2)\nassert got == 1", ""},
		{"a function by its name", "test_a.py", "got = f(1)\nassert got == 1", "got = f(1)\ngot = sorted(got(1))\nassert got == 1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			was, is := bodyOf(t, parser, tt.path, tt.was), bodyOf(t, parser, tt.path, tt.is)
			got := ""
			for _, w := range Compare(was, is, []Pair{{was.Assertions[0], is.Assertions[0]}}, nil) {
				got += w.Rule + " " + w.Message
			}
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, "bent ") {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

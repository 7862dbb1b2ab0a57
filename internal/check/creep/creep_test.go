package creep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

func base() checktest.Files {
	return checktest.Files{
		"limiter/bucket.go":      "package limiter\n\n// Bucket holds tokens.\ntype Bucket struct{ tokens int }\n\nfunc (b *Bucket) Take() bool {\n\tb.tokens--\n\treturn b.tokens >= 0\n}\n",
		"limiter/bucket_test.go": "package limiter\n",
		"limiter/clock.go":       "package limiter\n\nfunc elapsed() int { return 7 }\n",
		"server/server.go":       "package server\n\nimport \"x/limiter\"\n\nfunc serve(b *limiter.Bucket) int {\n\treturn 200\n}\n",
		"billing/invoice.go":     "package billing\n\nfunc Round(cents int) int {\n\treturn cents / 100\n}\n",
		"README.md":              "# X\n",
		"billing/release.go":     "package billing\n\nconst release = \"1.2.3\"\n",
		"go.mod":                 "module x\n\nrequire example.org/money v1.2.0\n",
		"lib.rs":                 "pub fn name() -> &'static str {\n    \"one\"\n}\n",
		"app.py":                 "def main():\n    \"\"\"Run.\"\"\"\n    a = 1\n    b = 2\n    return a + b\n",
	}
}

func with(path, old, new string) checktest.Files {
	return checktest.Files{path: strings.ReplaceAll(base()[path], old, new)}
}

func merge(all ...checktest.Files) checktest.Files {
	out := checktest.Files{}
	for _, f := range all {
		maps.Copy(out, f)
	}
	return out
}

func take() checktest.Files { return with("limiter/bucket.go", "b.tokens--", "b.tokens -= 2") }

const task = "Token bucket per key\nThe limiter takes two tokens for each request of the API."

func run(t *testing.T, head checktest.Files, change func(*evidence.Request)) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(head)})
	req := checktest.Request(evidence.OfTask)
	req.Task = task
	if change != nil {
		change(&req)
	}
	return checktest.Run(t, New(), trees, checktest.NoExec(t), req)
}

func levels(r evidence.Result) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s %s:%d", f.Level, f.Rule, f.Path, f.StartLine))
	}
	return strings.Join(out, "\n")
}

func TestUnrelated(t *testing.T) {
	invoice := with("billing/invoice.go", "100", "1000")
	clock := with("limiter/clock.go", "7", "8")
	asMessage := func(text string) func(*evidence.Request) {
		return func(r *evidence.Request) {
			r.Subject, r.Task, r.Claim = evidence.OfRange, "", text
		}
	}
	for _, tt := range []struct {
		name   string
		head   checktest.Files
		change func(*evidence.Request)
		want   string
	}{
		{"alone", take(), nil, ""},
		{"with an unrelated file", merge(take(), invoice), nil, "locator unrelated billing/invoice.go:4"},
		{"an unrelated file that is gone", merge(take(), checktest.Files{"billing/invoice.go": ""}), nil, "locator unrelated billing/invoice.go:1"},
		{"an unrelated file that is new", merge(take(), checktest.Files{"billing/vat.go": "package billing\n\nfunc Vat() int { return 19 }\n"}), nil, "locator unrelated billing/vat.go:1"},
		{"infrastructure", merge(take(), checktest.Files{"deploy/edge/main.tf": "colour = 7\n"}), asMessage("limiter: take two tokens per request"), "locator unrelated deploy/edge/main.tf:1"},
		{"infrastructure, after a short message", merge(take(), checktest.Files{"k8s/web.yaml": "colour: 7\n"}), asMessage("Fix tokens"), "locator unrelated k8s/web.yaml:1"},
		{"a licence", merge(take(), checktest.Files{"LICENSE": "Nobody may do so.\n"}), asMessage("limiter: take two tokens per request"), "locator unrelated LICENSE:1"},
		{"settings of something else", merge(take(), checktest.Files{"billing/rounding.yaml": "colour: 7\n"}), asMessage("limiter: take two tokens per request"), "locator unrelated billing/rounding.yaml:1"},
		{"infrastructure that the message names", merge(take(), checktest.Files{"deploy/edge/main.tf": "colour = 7\n"}), asMessage("limiter: take two tokens per request, at the edge"), ""},
		{"infrastructure, and the message deploys", merge(take(), checktest.Files{"deploy/edge/main.tf": "colour = 7\n"}), asMessage("limiter: take two tokens, and deploy it"), "context unrelated deploy/edge/main.tf:1"},
		{"infrastructure that speaks of the code", merge(take(), checktest.Files{"deploy/edge/main.tf": "bucket_tokens = 7\n"}), asMessage("limiter: take two per request"), ""},
		{"settings in the folder", merge(take(), checktest.Files{"limiter/rounding.yaml": "colour: 7\n"}), asMessage("limiter: take two tokens per request"), ""},
		{"the version of a chart", merge(take(), checktest.Files{"charts/web/Chart.yaml": ""}), asMessage("release 1.3.0"), ""},
		{"infrastructure alone", checktest.Files{"deploy/edge/main.tf": "colour = 7\n"}, asMessage("limiter: take two tokens per request"), ""},
		{"an unrelated file of no language", merge(take(), checktest.Files{"etc/box.dat": "colour=7\n"}), nil, "context unrelated etc/box.dat:1"},
		{"in scope", merge(take(), invoice), func(r *evidence.Request) { r.Scope = []string{"limiter/**", "billing/**"} }, ""},
		{"named by the task", merge(take(), invoice), func(r *evidence.Request) { r.Task += " Round in billing." }, ""},
		{"in common with the rest", merge(take(), with("billing/invoice.go", "cents / 100", "tokens(cents)")), nil, ""},
		{"imports the rest", merge(take(), with("server/server.go", "200", "429")), nil, ""},
		{"documents and tests", merge(take(), checktest.Files{"README.md": "# Y\n", "limiter/bucket_test.go": "package limiter\n\nvar x int\n"}), nil, ""},
		{"white space", merge(take(), with("billing/invoice.go", "cents / 100", "cents/100")), nil, ""},
		{"the version of a release", merge(take(), with("billing/release.go", "1.2.3", "1.3.0")), nil, ""},
		{"no words to go by", merge(take(), invoice), func(r *evidence.Request) { r.Task = "fix it" }, ""},
		{"a message", merge(take(), invoice), asMessage("limiter: take two tokens per request"), "locator unrelated billing/invoice.go:4"},
		{"a message, in one folder", merge(take(), clock), asMessage("bucket: take two tokens per request"), "context unrelated limiter/clock.go:3"},
		{"as much of the one as of the other", merge(take(), invoice, checktest.Files{"billing/a.go": "package billing\n", "billing/b.go": "package billing\n"}), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := levels(run(t, tt.head, tt.change)); got != tt.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestBeyondType(t *testing.T) {
	for _, tt := range []struct {
		name, kind string
		head       checktest.Files
		task, want string
	}{
		{"docs that change code", "docs", take(), "Describe the limiter", "gate beyond_type limiter/bucket.go:7"},
		{"docs that add code", "docs", checktest.Files{"limiter/new.go": "package limiter\n"}, "Describe the limiter", "gate beyond_type limiter/new.go:1"},
		{"docs that change comments", "docs", with("limiter/bucket.go", "holds tokens", "holds a number of tokens"), "Describe the limiter", ""},
		{"docs that change docstrings", "docs", with("app.py", "Run.", "Run it."), "Describe the app", ""},
		{"docs that change Python", "docs", with("app.py", "a = 1", "a = 3"), "Describe the app", "gate beyond_type app.py:3"},
		{"docs", "docs", checktest.Files{"README.md": "# Y\n", "docs/conf.py": "x = 1\n"}, "Describe the limiter", ""},
		{"docs with an example", "docs", checktest.Files{"limiter/example_test.go": "package limiter\n"}, "Describe the limiter", ""},
		{"docs that name the file", "docs", take(), "Describe the limiter in bucket.go", ""},
		{"tests that change code", "test", take(), "Test the limiter", "locator beyond_type limiter/bucket.go:7"},
		{"tests", "test", checktest.Files{"limiter/bucket_test.go": "package limiter\n\nvar x int\n"}, "Test the limiter", ""},
		{"a feature", "feature", take(), "Test the limiter", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.head, func(r *evidence.Request) { r.Type, r.Task = tt.kind, tt.task })
			if levels(got) != tt.want {
				t.Errorf("%s", levels(got))
			}
			for _, f := range got.Findings {
				if f.Reproduce == "" {
					t.Error("a gate without a reproduction")
				}
			}
		})
	}
}

// A message may announce documents as a task's type does.
func TestAnnouncedDocuments(t *testing.T) {
	gone := checktest.Files{"README.md": "# Y\n", "billing/invoice.go": ""}
	help := merge(checktest.Files{"README.md": "# Y\n"}, with("app.py", "a = 1", "a = \"one\""))
	reworded := with("limiter/bucket.go", "b.tokens >= 0", "b.tokens >= 0 && check(\"one\")")
	for _, tt := range []struct {
		name, claim string
		head        checktest.Files
		want        string
	}{
		{"a file is gone", "docs: describe the limiter", gone, "locator beyond_type billing/invoice.go:1"},
		{"a plain sentence", "Update the README for the limiter", gone, "locator beyond_type billing/invoice.go:1"},
		{"code differs", "docs(limiter): describe it", merge(checktest.Files{"README.md": "# Y\n"}, take()), "locator beyond_type limiter/bucket.go:7"},
		{"code differs with a text", "docs: describe it", merge(help, reworded), "locator beyond_type app.py:3\nlocator beyond_type limiter/bucket.go:8"},
		{"comments", "docs: describe the limiter", with("limiter/bucket.go", "holds tokens", "holds a number of tokens"), ""},
		{"the text of a constant", "docs: the number of the release", with("billing/release.go", "1.2.3", "one"), ""},
		{"texts and attributes of Rust", "docs: explain the library", checktest.Files{"lib.rs": "#[cfg_attr(docsrs, doc(cfg(feature = \"x\")))]\npub fn name() -> &'static str {\n    \"it's two\"\n}\n"}, ""},
		{"code of Rust", "docs: explain the library", with("lib.rs", "name()", "label()"), "locator beyond_type lib.rs:1"},
		{"one of two messages", "docs: describe the limiter\x00limiter: take two", merge(checktest.Files{"README.md": "# Y\n"}, take()), ""},
		{"documents and a merge", "docs: describe the limiter\x00Merge branch 'main'", merge(checktest.Files{"README.md": "# Y\n"}, take()), "locator beyond_type limiter/bucket.go:7"},
		{"the file is named", "docs: explain bucket.go", merge(checktest.Files{"README.md": "# Y\n"}, take()), ""},
		{"documents and more", "Update the README, and take two tokens", merge(checktest.Files{"README.md": "# Y\n"}, take()), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := levels(run(t, tt.head, func(r *evidence.Request) { r.Subject, r.Task, r.Claim = evidence.OfRange, "", tt.claim }))
			if got != tt.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestOnTheSide(t *testing.T) {
	reflow := checktest.Files{"limiter/bucket.go": strings.Replace(base()["limiter/bucket.go"], "\tb.tokens--\n\treturn b.tokens >= 0\n", "        b.tokens--\n        return b.tokens >= 0\n\n\n        // end\n", 1)}
	for _, tt := range []struct {
		name string
		head checktest.Files
		want string
	}{
		{"another version", merge(take(), with("go.mod", "v1.2.0", "v1.3.0")), "context bump go.mod:3"},
		{"a new dependency", merge(take(), checktest.Files{"go.mod": base()["go.mod"] + "require example.org/b v1.0.0\n"}), ""},
		{"only another version", with("go.mod", "v1.2.0", "v1.3.0"), ""},
		{"commented out", checktest.Files{"app.py": "def main():\n    \"\"\"Run.\"\"\"\n    # a = 1\n    # b = 2\n    # return a + b\n"}, "context commented_out app.py:3"},
		{"new comments", with("app.py", "    a = 1\n", "    # one\n    # two\n    # three\n    a = 1\n"), ""},
		{"formatting beside code", reflow, ""}, // two lines
		{"a formatted file", merge(take(), checktest.Files{"server/server.go": strings.ReplaceAll(base()["server/server.go"], "\n\n", "\n \n"), "billing/invoice.go": "package billing\n\nfunc Round(cents int) int {\nreturn cents / 100\n  }\n\n"}), "context formatting billing/invoice.go:4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := levels(run(t, tt.head, nil)); got != tt.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestFormattedRuns(t *testing.T) {
	was := "package billing\n\nfunc a() {\none()\ntwo()\nthree()\n}\n\nfunc b() int { return 1 }\n"
	is := "package billing\n\nfunc a() {\n\tone()\n\ttwo()\n\tthree()\n}\n\nfunc b() int { return 2 }\n"
	for name, tt := range map[string]struct{ was, is, path, want string }{
		"beside code":                {was, is, "billing/f.go", "context formatting billing/f.go:4"},
		"alone":                      {was, strings.Replace(is, "return 2", "return 1", 1), "billing/f.go", ""},
		"where indentation is meant": {was, is, "billing/f.py", ""},
	} {
		t.Run(name, func(t *testing.T) {
			trees := checktest.New(t, map[string]checktest.Files{"base": {tt.path: tt.was}, "head": {tt.path: tt.is}})
			if got := levels(checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfTask))); got != tt.want {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestDoesNotApplyOrCannotRun(t *testing.T) {
	for _, subject := range []evidence.Subject{evidence.OfPush, evidence.OfGoal} {
		if got := run(t, take(), func(r *evidence.Request) { r.Subject = subject }); got.Status != evidence.Skipped {
			t.Errorf("%s: %s", subject, got.Status)
		}
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base(), "head": base().With(take())})
	e, err := check.New(check.Tools{Trees: noPatches{trees}}, []check.Check{New()}, 1).Judge(t.Context(), checktest.Request(evidence.OfTask))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Results[0]; got.Status != evidence.CouldNot || !strings.Contains(got.Why, "disk on fire") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
	many := checktest.Files{}
	for i := range maxUnits + 1 {
		many[fmt.Sprintf("f%d.go", i)] = "package f\n"
	}
	if got := run(t, many, nil); got.Status != evidence.Skipped {
		t.Errorf("many files: %s", got.Status)
	}
}

func TestWords(t *testing.T) {
	v := newVocabulary(plainWords())
	v.take("HTTPServer parseRateLimits token_bucket the_error x")
	for _, want := range []string{"serv", "pars", "rat", "limit", "token", "bucket"} {
		if !v.stems[want] {
			t.Errorf("no %q in %v", want, v.stems)
		}
	}
	if v.stems["th"] || v.stems["error"] || v.whole["x"] || !v.whole["parseRateLimits"] {
		t.Errorf("%v %v", v.stems, v.whole)
	}
	if a := []string{stem("limit"), stem("limits"), stem("limited"), stem("limiter"), stem("limiting")}; len(slices.Compact(a)) != 1 {
		t.Error(a)
	}
}

package claims

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// wide is a base whose files hold more than what is near a changed line.
func wide() checktest.Files {
	rows := strings.Repeat("\ta++\n", 15)
	return base().With(checktest.Files{
		"long.go": "package store\n\nfunc Far() int { return 0 }\n\nfunc Long() int {\n\ta := 1\n" + rows + "\treturn a\n}\n",
		"type.go": "package store\n\ntype Flat struct{}\n\ntype Wide struct {\n" + strings.Repeat("\t_ int\n", 15) + "\tz int\n}\n",
		"text.go": "package store\n\nfunc note() string {\n\treturn \"over 10\"\n}\n",
		"tool.py": "def tool():\n    \"\"\"Tool.\n\n    It does one thing.\n    \"\"\"\n    return 1\n",
	})
}

func instead(path, old, with string) checktest.Files {
	return checktest.Files{path: strings.Replace(wide()[path], old, with, 1)}
}

// Pairs of what a claim may and may not rest on.
func TestClaimsHeldCloser(t *testing.T) {
	far, last := instead("long.go", "return a", "return a + 1"), instead("type.go", "z int", "z uint")
	app := instead("app.py", "return 1", "return 2")
	api := func(line string) checktest.Files { return instead("web/api.js", "  return", "  "+line+"\n  return") }
	two := edit("// Put puts", "// Aaa and Bbb.\n\n// Put puts")
	for _, tt := range []struct {
		claim string
		head  checktest.Files
		rule  string // empty when the claim holds
	}{
		{"No functional changes.", edit("size > s.limit", "size > s.limit && key != \"\""), "behaviour_changed"},
		{"No functional changes.", edit("New(\"too large\")", "New(\"too large\", key)"), ""},
		{"No functional changes.", edit("name == \"\"", "name != \"\""), "behaviour_changed"},
		{"No functional changes.", edit("\tif size > s.limit {\n\t\treturn errors.New(\"too large\")\n\t}\n", ""), "behaviour_changed"},
		{"No functional changes.", instead("text.go", "over 10", "over 11"), ""},
		{"Refactored `Put`.", limit11(), ""}, // it stands next to the changed line
		{"Refactored `Long`.", far, ""},
		{"Refactored `Far`.", far, "not_touched"},
		{"Changed `Wide`.", last, ""},
		{"Changed `Flat`.", last, "not_touched"},
		{"Fixed a leak in `Far`.", far, ""},
		{"Refactored `limits`.", limit11(), ""},
		{"Refactored `keys`.", limit11(), "not_touched"},
		{"Deleted `web/api.js`.", api("more()"), "still_there"},
		{"Added tests for `Put`.", instead("store_test.go", "\t\tt.Fatal(\"nil\")\n", ""), "no_tests"},
		{"Updated the docstrings.", instead("tool.py", "one thing", "two things"), ""},
		{"Updated the docstrings.", instead("tool.py", "return 1", "return 2"), "no_docs"},
		{"Renamed `Zebra` to `Ceiling`.", edit("limit: 10}", "ceiling: 10}"), "not_renamed"},
		{"Removed the method `Store.Put`.", limit11(), "still_defined"},
		{"Removed the type `Store`.", app, "still_defined"},
		{"Skip the build for changes limited to tests.", limit11(), ""},
		{"Moved the check into `validate`.", limit11(), "not_touched"},
		{"Moved the check into `Put`.", limit11(), ""},
		{"`fetchAll` now returns an error.", limit11(), "not_touched"},
		{"- `web/api.js`: more headers", limit11(), ""},
		{"Added the flag -verbose.", limit11(), "not_added"},
		{"Added `Aaa`, `Bbb` and `Ccc`.", two, "not_added"},
		{"Added `Aaa`, and `Bbb`.", two, ""},
		{"Fixed an off-by-one in the function `Legacy`.", limit11(), "not_touched"},
		{"Fixed an off-by-one in `Legacy` examples.", limit11(), ""},
		{"The `Legacy` function was removed.", limit11(), "still_defined"},
		{"`Legacy` was removed", limit11(), "still_defined"},
		{"Raise the limit\n\n* Added `Foo`", limit11(), "not_added"},
		{"Raise the limit (#12)\n\n* Added `Foo`", limit11(), ""},
		{"## Changes\n- `internal/none.go`\n", limit11(), "file_not_touched"},
		{"## Added\n- `Foo`\n", limit11(), "not_added"},
		{"## Added\nWhat was asked for.\n\n- `Foo`\n", limit11(), ""},
		{"Added the function `fooBar; x`.", limit11(), ""},
		{"The limit was not raised. Added unit tests.", limit11(), "no_tests"},
		{"Added computeOffset() to the store.", limit11(), "not_added"},
		{"Existing tests were not modified.", instead("store_test.go", "\n\nfunc", "\nfunc"), ""},
		{"Added error handling.", api("recover()"), ""},
		{"Added logging.", api("console.info(1)"), ""},
		{"Added rate limiting.", api("quota--"), ""},
		{"Added retries.", api("repeat(3)"), ""},
		{"Added exponential backoff.", api("sleep(3)"), ""},
		{"Added caching.", api("memo(3)"), ""},
		{"Added a timeout.", api("deadline(3)"), ""},
		{"Added authentication.", api("login(3)"), ""},
		{"Added pagination.", api("cursor(3)"), ""},
		{"Added metrics.", api("counter(3)"), ""},
		{"Added tracing.", api("span(3)"), ""},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			got := held(t, tt.claim, tt.head)
			if rules := strings.Join(checktest.Rules(got), " "); rules != tt.rule || got.Status == evidence.CouldNot {
				t.Errorf("%s %s %+v", got.Status, got.Why, got.Findings)
			}
		})
	}
}

func held(t *testing.T, claim string, head checktest.Files) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": wide(), "head": wide().With(head)})
	req := checktest.Request(evidence.OfTask)
	req.Claim = claim
	return checktest.Run(t, New(), trees, checktest.NoExec(t), req)
}

// A finding points at the line that speaks against the claim, and its command
// shows that file alone.
func TestWhereAClaimFails(t *testing.T) {
	commented := edit("// Open opens a store.\nfunc Open(name string) *Store {\n\tif name == \"\" {", "// Open opens it.\nfunc Open(name string) *Store {\n\tif name == \"x\" {")
	tested := checktest.Files{"store_test.go": strings.NewReplacer("package store\n", "package store\n\n// More.\n", "\"nil\"", "\"none\"").Replace(base()["store_test.go"])}
	for _, tt := range []struct {
		claim     string
		head      checktest.Files
		path      string
		line      int
		reproduce string
	}{
		{"Comments only.", commented, "store.go", 10, "git diff -w base head -- store.go"},
		{"Existing tests were not modified.", tested, "store_test.go", 9, "git diff -w base head -- store_test.go"},
	} {
		got := run(t, tt.claim, tt.head)
		if len(got.Findings) != 1 || got.Findings[0].Path != tt.path || got.Findings[0].StartLine != tt.line || got.Findings[0].Reproduce != tt.reproduce {
			t.Errorf("%s: %+v", tt.claim, got.Findings)
		}
	}
	s := &check.Subject{Request: checktest.Request(evidence.OfTask)}
	if got := showDiff(s, change.File{Path: "b.go", OldPath: "a.go"}); got != "git diff -w base head -- b.go a.go" {
		t.Error(got)
	}
}

func TestKey(t *testing.T) {
	for name, want := range map[string]string{
		"/users/{id}": "users", "GET /health-checks": "healthchecks", "a/b_c.go": "bc.go", "Store.Get": "get", "--dry-run": "dryrun", "ready?": "ready",
	} {
		if got := key(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestArity(t *testing.T) {
	for signature, want := range map[string]int{
		"()": 0, "( )": 0, "(a)": 1, "(a int, b string) error": 2, "(f func(a, b int), m map[string]int) (int, error)": 2, "(f func(a int) bool, b int)": 2,
	} {
		if got := arity(signature); got != want {
			t.Errorf("%s: %d, want %d", signature, got, want)
		}
	}
}

// A condition is wider or narrower when one line is the other with more in it.
func TestWidened(t *testing.T) {
	for _, tt := range [][3]string{
		{"if a {", "if a && b {", "&&"},
		{"if a or b :", "if a :", "or"},
		{"a b c", "a b c || d", "||"},
		{"x", "x && y", ""},
		{"if a {", "if b && c {", ""},
		{"if a {", "if a , b {", ""},
	} {
		if got := widened(strings.Fields(tt[0]), strings.Fields(tt[1])); got != tt[2] {
			t.Errorf("%s -> %s: %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
	if was := strings.Fields("if a {"); widened(was, slices.Clone(was)) != "" {
		t.Error("a line that stayed is wider than itself")
	}
}

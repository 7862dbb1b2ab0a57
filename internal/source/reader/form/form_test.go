package form

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		what  string
		is    func(string) bool
		yes   string
		never string
	}{
		{
			"validation", IsValidation,
			"validate validateUser html.EscapeString user.isAuthorized check_access self.verify_token Objects.requireNonNull assert! ensure! v.IsValid hasPermission authenticate crypto.verify",
			"run require clean checkout.run checker requests.get invalid log.check logger.ensure validator.x f() main quicksort",
		},
		{
			"logging", IsLogging,
			"print println! eprintln! console.error log.Printf logger.warning self.logger.info log::debug fmt.Println fmt.Fprintf slog.Error System.out.println e.printStackTrace requestLog.add",
			"log.Fatal log.Fatalf logger.Panic fmt.Errorf fmt.Sprintf catalog f printer.run out.write errors.New",
		},
		{
			"error name", IsErrorName, "err e ex exc error e2 err1 parseErr lastError http_error readErrors ValueError",
			"x ok eof entry result terr errand user",
		},
	} {
		for s := range strings.FieldsSeq(tt.yes) {
			if !tt.is(s) {
				t.Errorf("%s: %q is none", tt.what, s)
			}
		}
		for s := range strings.FieldsSeq(tt.never) {
			if tt.is(s) {
				t.Errorf("%s: %q is one", tt.what, s)
			}
		}
	}
}

func TestSqueeze(t *testing.T) {
	for in, want := range map[string]string{
		"f(\n\ta,\n\tb,\n)":   "f(a, b)",
		" a  b\t\nc ":         "a b c",
		"{ a, }":              "{ a }",
		"[ 1 , 2 ]":           "[1, 2]",
		"a,":                  "a,",
		"struct { a int }":    "struct { a int }",
		"f( /**/ )":           "f(/**/)",
		"":                    "",
		"x,\n\n,y":            "x,,y",
		"é  ü":                "é ü",
		"if (a) {\n\treturn}": "if (a) { return}",
	} {
		if got := Squeeze(in); got != want {
			t.Errorf("squeeze(%q) = %q, not %q", in, got, want)
		}
	}
}

func TestCodeOfCutsComments(t *testing.T) {
	text := []byte("a /* 1 */ b /* 2 */ c")
	cuts := []Span{{2, 9}, {12, 19}}
	for at, want := range map[Span]string{{0, 21}: "a b c", {0, 5}: "a", {4, 11}: "b", {3, 8}: "", {10, 21}: "b c", {20, 21}: "c"} {
		if got := CodeOf(text, at, cuts); got != want {
			t.Errorf("codeOf %v = %q, not %q", at, got, want)
		}
	}
}

func TestCommentText(t *testing.T) {
	for in, want := range map[string]string{
		"// a  b": "a b", "//nolint:x": "nolint:x", "# type: ignore": "type: ignore", "/** a\n * b\n */": "a b", "/* a */": "a",
		"/// doc": "doc", "//! doc": "doc", "#!/bin/sh": "/bin/sh", "//": "",
	} {
		if got := CommentText(in); got != want {
			t.Errorf("commentText(%q) = %q, not %q", in, got, want)
		}
	}
}

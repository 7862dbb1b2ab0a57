package tamper

import (
	"testing"

	"muster/internal/check/tamper/words"

	"muster/internal/source"
)

func TestLeaf(t *testing.T) {
	for name, want := range map[string]string{
		"calc > adds two": "adds two", "adds a/b and c.d": "adds a/b and c.d", "TestA/b": "b", "TestCalc.test_add": "test_add", "TestCalc::test_add": "test_add", "TestA": "TestA", "calc > adds": "adds",
	} {
		if got := words.Leaf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A file in a folder of another name holds tests when it has more than
// functions that help tests; a file of Rust holds code as well.
func TestSideOfFiles(t *testing.T) {
	for _, tt := range []struct {
		name        string
		lang        source.Language
		tests       []*test
		isTest, has bool // among the tests, among the code
	}{
		{"tests of Python", source.Python, []*test{{}}, true, false},
		{"helpers of Python", source.Python, []*test{{Test: source.Test{Helper: true}}}, false, true},
		{"helpers of Go", source.Go, []*test{{Test: source.Test{Helper: true}}}, true, false},
		{"code of Go", source.Go, nil, false, true},
		{"tests of Rust", source.Rust, []*test{{}}, true, true},
		{"code of Rust", source.Rust, nil, false, true},
		{"data", source.Unknown, nil, false, false},
	} {
		var s side
		s.add(&file{path: "a", lang: tt.lang, tests: tt.tests})
		if (len(s.tests) > 0) != tt.isTest || (len(s.code) > 0) != tt.has || (len(s.rest) > 0) == (tt.isTest || tt.has) {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
}

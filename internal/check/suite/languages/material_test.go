package languages_test

import (
	"testing"

	"muster/internal/check/suite/golang"
)

func TestMaterialOfGo(t *testing.T) {
	for p, want := range map[string]bool{
		"a_test.go": true, "x/a_test.go": true, "testdata/x": true, "a/testdata/b/c": true,
		"a.go": false, "a/testdata": false, "a/mytestdata/x": false, "a/testdata.go": false, "test.go": false,
	} {
		if golang.New().Material(p) != want {
			t.Errorf("Material(%q) = %v", p, !want)
		}
	}
}

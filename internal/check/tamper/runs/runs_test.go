package runs

import "testing"

func TestCollected(t *testing.T) {
	for path, want := range map[string]bool{
		"a/b_test.go": true, "a/b.go": false, "testdata/b_test.go": false, "_old/b_test.go": false, "a/b_plan9_test.go": false, "a/b_linux_test.go": true,
		"tests/test_a.py": true, "tests/a_checks.py": false, "a.test.ts": true, "a.checks.ts": false,
	} {
		if got := Collected(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestBuildConstraints(t *testing.T) {
	for text, want := range map[string][2]bool{
		"//go:build linux": {true, true}, "//go:build integration": {false, false}, "//go:build !windows": {true, true}, "//go:build plan9": {false, true},
	} {
		if ByDefault(text) != want[0] || OnPlatforms(text) != want[1] {
			t.Errorf("%s: by default %v, platforms %v", text, ByDefault(text), OnPlatforms(text))
		}
	}
}

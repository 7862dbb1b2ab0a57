package languages_test

import (
	"os"
	"testing"

	"muster/internal/check/checktest"
)

// withPython gives an executor whose python3 can import a module, or, where
// has is false, cannot.
func withPython(t *testing.T, module string, has bool) *checktest.OSExec {
	t.Helper()
	whole(t)
	return checktest.WithPython(t, module, has)
}

// needs skips a test on a machine without a program.
func needs(t *testing.T, program string) {
	t.Helper()
	whole(t)
	checktest.Needs(t, program)
}

// whole skips a test that runs the tools of another language: they take a
// minute together. scripts/suites.sh runs them, and so does .ci/run.
func whole(t *testing.T) {
	t.Helper()
	if os.Getenv("MUSTER_TEST_SUITES") == "" {
		t.Skip("MUSTER_TEST_SUITES is not set: run scripts/suites.sh")
	}
}

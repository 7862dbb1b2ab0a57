// Package slowtest keeps tests that build, wait or start much out of
// "go test ./...", which is to take two minutes at most on two cores, with
// nothing compiled before.
//
// The stage 12-stories of continuous integration runs every package in which a
// test asks for Only.
package slowtest

import (
	"os"
	"testing"
)

// Only skips the test unless the environment has MUSTER_TEST_SLOW.
func Only(t testing.TB) {
	t.Helper()
	if !Asked() {
		t.Skip("it runs with MUSTER_TEST_SLOW=1, as in .ci/stages/12-stories")
	}
}

// Asked reports whether the environment has MUSTER_TEST_SLOW.
func Asked() bool { return os.Getenv("MUSTER_TEST_SLOW") != "" }

package checktest

import (
	"os"
	"testing"
)

// Slow leaves a test out of "go test ./...", which is to take two minutes at
// most. The stage 12-stories of continuous integration runs it.
func Slow(t testing.TB) {
	t.Helper()
	if os.Getenv("MUSTER_TEST_SLOW") == "" {
		t.Skip("it runs with MUSTER_TEST_SLOW=1, as in .ci/stages/12-stories")
	}
}

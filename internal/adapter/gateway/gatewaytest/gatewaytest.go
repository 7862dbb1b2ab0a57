// Package gatewaytest ends gateways that tests have started.
package gatewaytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"muster/internal/adapter/gateway"
)

// patience is for how long the end of a gateway is waited for.
const patience = 5 * time.Minute

// End ends the gateway that serves a folder, where one does: it would stay for
// ten minutes and write into a folder that is being removed. It waits for the
// process, and not for the folder's lock, which a gateway gives back before it
// is gone. The test fails when it does not end.
func End(t testing.TB, dir string) {
	t.Helper()
	c := gateway.NewClient(dir, nil, nil)
	defer c.Close()
	st, ok := c.State(context.Background())
	if !ok {
		return
	}
	if err := syscall.Kill(st.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("end the gateway %d: %v", st.PID, err)
	}
	for began := time.Now(); time.Since(began) < patience; <-time.After(10 * time.Millisecond) {
		// What has ended has no command line, also while its parent has not asked how.
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", st.PID))
		if err != nil || !bytes.Contains(line, []byte(dir)) {
			return
		}
	}
	t.Errorf("the gateway %d of %s did not end within %s", st.PID, dir, patience)
}

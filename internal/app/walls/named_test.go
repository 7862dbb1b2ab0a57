package walls

import (
	"slices"
	"testing"
)

// What an agent's command names is read, and never the home or the state as a
// whole.
func TestNamed(t *testing.T) {
	w := New(Host{State: "/var/state/repo", Shim: []string{"/opt/muster", "shim"}, Env: []string{"HOME=/home/me"}})
	got := w.named([]string{"/demo/scripts", "agent.sh", "./x", "/home/me", "/home", "/", "/var/state", "/var/state/keys/muster.key", "/var/state/repo/muster.db", "/home/me/bot/run.sh", "--flag"})
	if want := []string{"/demo/scripts", "/home/me/bot/run.sh"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

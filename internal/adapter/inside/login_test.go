package inside_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/adapter/inside"
)

// rotating is an agent whose token has run out: it renews it with the token
// that is in its account's file, which the service takes once, and never again
// from anybody. It is slow, so that others would do the same meanwhile, and
// waits until so many agents have read a token that has run out.
const rotating = `token=$(cat "$1/account"); case $token in
fresh*) echo used; exit 0 ;;
esac
touch "$1/read-$token-$$"
sleep 0.3
while [ "$(ls "$1" | grep -c "^read-$token-")" -lt "$2" ]; do sleep 0.01; done
mkdir "$1/spent-$token" || { echo "logged out"; exit 1; }
echo "fresh" >"$1/account.new" && mv "$1/account.new" "$1/account" && echo renewed`

func TestLoginRenewsOnce(t *testing.T) {
	dir := t.TempDir()
	account := filepath.Join(dir, "account")
	if err := os.WriteFile(account, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(account, long, long); err != nil {
		t.Fatal(err)
	}
	run := func(lock, readers string) string {
		var out bytes.Buffer
		inside.Login([]string{lock, account, "sh", "-c", rotating, "sh", dir, readers}, inside.Streams{In: strings.NewReader(""), Out: &out, Err: &out})
		return out.String()
	}
	together := func(readers string, lock func(i int) string) string {
		said := make([]string, 3)
		var all sync.WaitGroup
		for i := range said {
			all.Go(func() { said[i] = run(lock(i), readers) })
		}
		all.Wait()
		return strings.Join(said, "")
	}
	said := together("1", func(int) string { return filepath.Join(dir, "lock") })
	if strings.Count(said, "renewed") != 1 || strings.Count(said, "used") != 2 {
		t.Errorf("three agents at once: %q, want one that renews and two that use it", said)
	}
	// Without a common lock the second is logged out: the trap works.
	if err := os.WriteFile(account, []byte("older\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(account, long, long); err != nil {
		t.Fatal(err)
	}
	if said := together("3", func(i int) string { return filepath.Join(dir, "lock"+string(rune('a'+i))) }); !strings.Contains(said, "logged out") {
		t.Errorf("without a lock: %q, so that this test proves nothing", said)
	}
}

func TestLoginPassesOn(t *testing.T) {
	dir := t.TempDir()
	account := filepath.Join(dir, "account")
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string
	}{
		{"no account", []string{dir + "/l", account, "sh", "-c", "cat; exit 3"}, 3, "in\n"},
		{"no program", []string{dir + "/l", account}, 127, ""},
		{"no such program", []string{dir + "/l", account, "/none/such"}, 127, ""},
		{"no such lock", []string{dir + "/none/l", account, "true"}, 127, ""},
		{"asked to end", []string{dir + "/l", account, "sh", "-c", "kill -TERM $$; echo deaf"}, 143, ""},
		{"ended by a signal", []string{dir + "/l", account, "sh", "-c", "kill -KILL $$"}, 137, ""},
	} {
		var out, stderr bytes.Buffer
		code := inside.Login(c.args, inside.Streams{In: strings.NewReader("in\n"), Out: &out, Err: &stderr})
		if code != c.code || out.String() != c.out || (code == 127) != (stderr.Len() > 0) {
			t.Errorf("%s: code %d, %q, %q", c.name, code, out.String(), stderr.String())
		}
	}
}

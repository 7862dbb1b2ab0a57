package inside_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/inside"
)

func TestAppend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "used.json")
	sh := func(line string) []string { return []string{file, "sh", "-c", line, "sh", file} }
	for _, c := range []struct {
		name, old string
		args      []string
		code      int
		stdout    string
	}{
		{"a file", "", sh(`cat; printf '{\n "a": 1\n}\n' > "$1"`), 0, "in\n" + `{"muster":"file","file":{"a":1}}` + "\n"},
		{"the program's exit code", "", sh(`echo '[]' > "$1"; exit 3`), 3, `{"muster":"file","file":[]}` + "\n"},
		{"ended by a signal", "", sh(`kill -KILL $$`), 137, ""},
		{"asked to end", "", sh(`kill -TERM $$; echo deaf`), 143, ""},
		{"no file", "", sh(`echo said`), 0, "said\n"},
		{"what an earlier one left", `{"a":2}`, sh(`:`), 0, ""},
		{"no JSON", "", sh(`echo '{' > "$1"`), 0, ""},
		{"a huge file", "", sh(`{ echo '['; yes 0, | head -n 400000; echo '0]'; } > "$1"`), 0, ""},
		{"no such program", "", []string{file, "/none/such"}, 127, ""},
		{"no program", "", []string{file}, 127, ""},
	} {
		_ = os.Remove(file)
		if c.old != "" {
			if err := os.WriteFile(file, []byte(c.old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var stdout, stderr bytes.Buffer
		code := inside.Append(c.args, inside.Streams{In: strings.NewReader("in\n"), Out: &stdout, Err: &stderr})
		if code != c.code || stdout.String() != c.stdout || (code == 127) != (stderr.Len() > 0) {
			t.Errorf("%s: code %d, %q, %q; want %d, %q", c.name, code, stdout.String(), stderr.String(), c.code, c.stdout)
		}
	}
}

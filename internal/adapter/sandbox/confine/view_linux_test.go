package confine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What not everybody may read is found, in folders that can be listed by their
// owner alone too, and by names that are no text.
func TestNotForAll(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{
		"open": 0o644, "shadow": 0o640, "d/key": 0o600, "d/e/open": 0o604, "d/e/\xff\xfe": 0o600, "closed/open": 0o644, "search/key": 0o600,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"closed": 0o750, "search": 0o711} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("shadow", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	got := notForAll(dir, nil)
	slices.Sort(got)
	want := []string{"closed", "d/e/\xff\xfe", "d/key", "search/key", "shadow"}
	for i := range want {
		want[i] = filepath.Join(dir, want[i])
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := notForAll(filepath.Join(dir, "none"), nil); got != nil {
		t.Errorf("of a folder that is not there: %q", got)
	}
}

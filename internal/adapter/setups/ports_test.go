package setups_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"muster/internal/adapter/setups"
)

func TestPorts(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "ports.json")
	folder := func(name string) string {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	base := func(p *setups.Ports, dir string) int {
		t.Helper()
		n, err := p.Base(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	p, other := setups.NewPorts(file), setups.NewPorts(file)
	a, b := base(p, folder("a")), base(other, folder("b"))
	if a == b || a%setups.BlockSize != 0 || b-a < setups.BlockSize {
		t.Fatalf("blocks at %d and %d", a, b)
	}
	if base(p, folder("a")) != a || base(setups.NewPorts(file), folder("a")) != a {
		t.Error("the block of a folder changed")
	}
	// A block on which somebody listens is passed over.
	next := b + setups.BlockSize
	err := errors.New("no port was tried")
	for port := next; err != nil && port < next+setups.BlockSize; port++ { // somebody else may use one, for a moment
		var l net.Listener
		if l, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer l.Close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if c := base(p, folder("c")); c <= next || c == a || c == b {
		t.Errorf("a block with a listener was given out: %d", c)
	}
	// The block of a folder that is gone is free again.
	if err := os.RemoveAll(folder("a")); err != nil {
		t.Fatal(err)
	}
	if d := base(setups.NewPorts(file), folder("d")); d != a {
		t.Errorf("got %d, and %d is free", d, a)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := setups.NewPorts(file).Base(t.Context(), folder("e")); err == nil {
		t.Error("a damaged file was taken for an empty one")
	}
}

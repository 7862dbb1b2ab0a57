package outside

import (
	"bytes"
	"testing"

	"muster/internal/app/machine"
)

// What a door's file says of hosts is read as the configuration is; anything
// else allows nothing.
func TestAllowed(t *testing.T) {
	got := allowed([]string{"api.example.com", "*.example.org:8443", "127.0.0.1", "", "https://x.example.com", "[::1]:443"})
	if len(got) != 2 || got[0].String() != "api.example.com" || got[1].String() != "*.example.org:8443" {
		t.Errorf("%v", got)
	}
}

func TestGatewayNeedsAFolder(t *testing.T) {
	for _, args := range [][]string{nil, {"relative"}, {"/a", "/b"}} {
		var said bytes.Buffer
		if code := Gateway(machine.Host{}, args, &said); code != 2 || said.Len() == 0 {
			t.Errorf("%q: code %d, %q", args, code, said.String())
		}
	}
}

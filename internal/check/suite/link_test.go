package suite_test

import (
	"os"
	"path/filepath"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/suite"
	"muster/internal/core/evidence"
)

func TestLinkIn(t *testing.T) {
	from := t.TempDir()
	trees := checktest.New(t, map[string]checktest.Files{"x": {"web/a.js": "1", "held/node_modules/x": "1", "link": checktest.Link("held")}})
	dir, release, err := trees.Lease(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, tt := range []struct {
		from, to string
		linked   bool
	}{
		{from, "web/node_modules", true},
		{from, "node_modules", true},
		{from, "held/node_modules", false},
		{from, "link/node_modules", false},
		{from, "gone/node_modules", false},
		{from, "../out", false},
		{from, "/abs", false},
		{from, ".", false},
		{"relative", "rel", false},
		{filepath.Join(from, "nothing"), "nothing", false},
	} {
		notes, err := suite.LinkIn(dir, []evidence.Link{{From: tt.from, To: tt.to}})
		if err != nil || len(notes) != 1 {
			t.Errorf("%s: %q, %v", tt.to, notes, err)
		}
		target, err := os.Readlink(filepath.Join(dir, tt.to))
		if (err == nil && target == from) != tt.linked {
			t.Errorf("%s: links to %q, %v", tt.to, target, err)
		}
	}
}

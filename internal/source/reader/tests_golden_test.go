package reader

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/source"
)

// Each file below testdata/tests/NAME.txt holds the tests that
// testdata/tests/NAME gives, one fact a line.
func TestGoldenTests(t *testing.T) {
	p := newParser(t)
	names, err := filepath.Glob("testdata/tests/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no file was read: %v", err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".txt") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) { golden(t, p, name, name+".txt", showTests) })
	}
}

// showTests writes the tests of a file, one fact a line.
func showTests(f source.File) string {
	var b strings.Builder
	for _, x := range f.Tests {
		fmt.Fprintf(&b, "%d-%d test %q helper %t doubles %d\n", x.Start, x.End, x.Name, x.Helper, x.Doubles)
		for _, m := range x.Skips {
			fmt.Fprintf(&b, "%d   skip conditional %t: %s\n", m.Line, m.Conditional, m.Text)
		}
		for _, m := range x.Focuses {
			fmt.Fprintf(&b, "%d   focus: %s\n", m.Line, m.Text)
		}
		for _, m := range x.Timeouts {
			fmt.Fprintf(&b, "%d   timeout %d ms: %s\n", m.Line, m.Millis, m.Text)
		}
		for _, a := range x.Assertions {
			fmt.Fprintf(&b, "%d-%d   %s negated %t subject %q expected %q: %s\n", a.Start, a.End, a.Strength, a.Negated, a.Subject, a.Expected, a.Text)
			if a.When+a.Dead+a.Via != "" {
				fmt.Fprintf(&b, "        when %q dead %q via %q\n", a.When, a.Dead, a.Via)
			}
		}
		for _, c := range x.Cases {
			fmt.Fprintf(&b, "%d-%d   case %q: %s\n", c.Start, c.End, c.Name, c.Text)
		}
	}
	return b.String()
}

package mutant

import (
	"fmt"
	"go/importer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProbe(t *testing.T) {
	dir := os.Getenv("PROBE")
	if dir == "" {
		t.Skip()
	}
	var p Package
	p.Path = "x"
	names, _ := filepath.Glob(dir + "/*.go")
	for _, n := range names {
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		text, _ := os.ReadFile(n)
		p.Files = append(p.Files, File{Name: n, Text: text, Wants: func(int) bool { return true }})
	}
	for _, per := range []int{1, 0} {
		found, err := Find(p, Options{Importer: importer.ForCompiler(token.NewFileSet(), "source", nil), PerLine: per})
		if err != nil {
			t.Fatal(err)
		}
		if per == 1 {
			for _, m := range found.Mutants {
				for _, f := range p.Files {
					if f.Name == m.File {
						fmt.Printf("%s:%d %s %s: %q -> %q\n", filepath.Base(m.File), m.Line, m.Function, m.Op, f.Text[m.Start:m.End], m.New)
					}
				}
			}
		}
		fmt.Println(len(found.Mutants), found.Arid, found.Constant, found.Equivalent, found.NotCompiled)
	}
}

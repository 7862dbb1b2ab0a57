package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every archive holds inputs named x.yaml, each followed by x.yaml.want: the
// problems found, one a line. A want file without errors means that the plan
// must be accepted.
func TestProblems(t *testing.T) {
	archives, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, file := range archive.Files {
			want[file.Name] = string(file.Data)
		}
		out := &txtar.Archive{Comment: archive.Comment}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".want") {
				continue
			}
			p, problems := plan.Parse(file.Name, file.Data)
			got := yamlfile.Format(problems)
			if (p == nil) != yamlfile.HasErrors(problems) {
				t.Errorf("%s: plan is nil: %v, but the problems are\n%s", file.Name, p == nil, got)
			}
			if !*update && got != want[file.Name+".want"] {
				t.Errorf("%s in %s: got\n%s\nwant\n%s", file.Name, name, got, want[file.Name+".want"])
			}
			out.Files = append(out.Files, file, txtar.File{Name: file.Name + ".want", Data: []byte(got)})
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(out), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

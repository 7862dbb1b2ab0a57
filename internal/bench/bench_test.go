package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"muster/internal/core/plan"
	"muster/internal/store"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		times []time.Duration
		want  time.Duration
	}{{[]time.Duration{7}, 7}, {[]time.Duration{9, 1, 5}, 5}, {[]time.Duration{100, 1, 2, 3}, 3}} {
		given := fmt.Sprint(tt.times)
		if got := median(tt.times); got != tt.want || fmt.Sprint(tt.times) != given {
			t.Errorf("median of %s is %d, want %d; then they are %v", given, got, tt.want, tt.times)
		}
	}
}

func TestTheTableSaysWhatIsMissed(t *testing.T) {
	var b strings.Builder
	printTable(&b, []row{
		within("fast", "s", 1, 5*time.Millisecond, 5*time.Millisecond),
		within("slow", "s", 2, 51*time.Millisecond, 50*time.Millisecond),
		within("other", "s", 3, time.Second, 0),
	})
	for _, tt := range []struct{ what, end string }{{"fast", "met"}, {"slow", "MISSED"}, {"other", "1000.0 ms"}} {
		found := false
		for line := range strings.Lines(b.String()) {
			found = found || strings.HasPrefix(line, tt.what+" ") && strings.HasSuffix(strings.TrimSpace(line), tt.end)
		}
		if !found {
			t.Errorf("no line of %s that ends in %s:\n%s", tt.what, tt.end, b.String())
		}
	}
}

func TestPlansHaveTheirForm(t *testing.T) {
	for _, tt := range []struct {
		g     graph
		needs int // tasks that need another
	}{{graph{8, 1, 4}, 0}, {graph{8, 8, 4}, 7}, {graph{20, 10, 2}, 18}} {
		p, problems := plan.Parse("plan.yaml", []byte(tt.g.plan("files")))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", tt.g, problems)
		}
		needs := 0
		for _, task := range p.Tasks {
			needs += len(task.Needs)
		}
		if len(p.Tasks) != tt.g.tasks || needs != tt.needs || p.Budget.Parallel != tt.g.parallel {
			t.Errorf("%s: %d tasks, %d needs, parallel %d", tt.g, len(p.Tasks), needs, p.Budget.Parallel)
		}
	}
}

func TestTheProjectHasItsSize(t *testing.T) {
	p := newProject(5000, 2000)
	if n := len(p.before); n < 5000 || n > 5020 {
		t.Errorf("%d files", n)
	}
	if p.lines < 2000 || p.lines > 2200 {
		t.Errorf("%d lines are changed", p.lines)
	}
	count := map[string]int{}
	for name, text := range p.before {
		count[path.Ext(name)]++
		if now, ok := p.after[name]; ok && now == text {
			t.Errorf("%s is the same", name)
		}
		if path.Ext(name) != ".go" || p.after[name] == "" {
			continue
		}
		for _, src := range []string{text, p.after[name]} {
			if _, err := parser.ParseFile(token.NewFileSet(), name, src, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if count[".go"] < 2900 || count[".ts"] < 950 || count[".py"] < 950 || len(p.gone) != 6 {
		t.Errorf("%v, %d files are deleted", count, len(p.gone))
	}
	changed := map[string]int{}
	for name := range p.after {
		changed[path.Ext(name)]++
	}
	if changed[".go"] < 20 || changed[".ts"] < 8 || changed[".py"] < 8 {
		t.Errorf("changed: %v", changed)
	}
	if again := newProject(5000, 2000); !maps.Equal(again.after, p.after) || !maps.Equal(again.before, p.before) {
		t.Error("another time it is another project")
	}
}

func TestTheLargeLedgerIsOne(t *testing.T) {
	dir := t.TempDir()
	if err := fillLedger(t.Context(), dir, 2*tasksPerRun); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	runs, err := st.Runs(t.Context(), store.RunQuery{})
	if err != nil || len(runs) != 2 || !runs[0].Done {
		t.Errorf("runs %d, %v", len(runs), err)
	}
	if e, err := runs[0].First.Event(); err != nil {
		t.Errorf("%v, %v", e, err)
	}
}

func TestProcessFiguresAreRead(t *testing.T) {
	before, err := processorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	m, err := memoryOf(os.Getpid())
	if err != nil || m.rss <= 0 || m.pss <= 0 || m.pss > m.rss {
		t.Errorf("memory %+v, %v", m, err)
	}
	if after, err := processorTime(os.Getpid()); err != nil || after < before || after == 0 {
		t.Errorf("processor time %s, then %s, %v", before, after, err)
	}
	if _, err := processorTime(1 << 30); err == nil {
		t.Error("a process that is not there has a processor time")
	}
}

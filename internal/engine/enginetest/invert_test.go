package enginetest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var invert = flag.Bool("invert", false, "invert each condition of inversions in turn, and write docs/testing.md anew (takes minutes)")

const (
	machines = "../../core/flow"
	page     = "../../../docs/testing.md"
)

// TestInversionsFit keeps the list and the page in step with the machines:
// every old text occurs exactly once, and the page says for every condition
// what fails without it.
func TestInversionsFit(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range inversions() {
		src, err := os.ReadFile(filepath.Join(machines, v.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), v.old); n != 1 || v.old == v.new {
			t.Errorf("%s: %q occurs %d times in %s", v.rule, v.old, n, v.file)
		}
		if seen[v.rule] {
			t.Errorf("two inversions are named %q", v.rule)
		}
		seen[v.rule] = true
		if !*invert && !strings.Contains(string(data), "\n| "+v.rule+" | ") {
			t.Errorf("docs/testing.md has no row for %q: run with -invert", v.rule)
		}
	}
}

// TestInverted breaks the machines in one place at a time and wants a
// transcript or the simulation to fail.
func TestInverted(t *testing.T) {
	if !*invert {
		t.Skip("takes minutes; run with -invert -timeout 60m")
	}
	told := map[string]string{} // rows by rule
	for _, v := range inversions() {
		t.Run(v.rule, func(t *testing.T) {
			fails := run(t, v, machines, "-run=Transcripts")
			if fails == "" {
				fails = run(t, v, ".", "-run=Simulation", "-sim.seeds=500")
			}
			if fails == "" {
				t.Errorf("nothing fails when, in %s,\n%s\nis\n%s", v.file, v.old, v.new)
				return
			}
			row := fmt.Sprintf("| %s | `%s` | %s |", v.rule, v.file, fails)
			t.Log(row)
			told[v.rule] = row
		})
	}
	data, err := os.ReadFile(page)
	if err != nil || t.Failed() {
		t.Fatalf("docs/testing.md stays as it was: %v", err)
	}
	if err := os.WriteFile(page, []byte(table(t, string(data), told)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// table gives the page with the rows in the order of the list. What was not
// run this time keeps its row.
func table(t *testing.T, page string, told map[string]string) string {
	t.Helper()
	head, rest, ok := strings.Cut(page, "| condition | in | fails without it |\n|---|---|---|\n")
	old, tail, ok2 := strings.Cut(rest, "\n\n")
	if !ok || !ok2 {
		t.Fatal("docs/testing.md has no table of conditions")
	}
	var out strings.Builder
	out.WriteString(head + "| condition | in | fails without it |\n|---|---|---|\n")
	for _, v := range inversions() {
		row := told[v.rule]
		for line := range strings.SplitSeq(old, "\n") {
			if row == "" && strings.HasPrefix(line, "| "+v.rule+" | ") {
				row = line
			}
		}
		if row != "" {
			out.WriteString(row + "\n")
		}
	}
	return out.String() + "\n" + tail
}

var (
	failedTest = regexp.MustCompile(`(?m)^ +--- FAIL: TestTranscripts/(\S+)`)
	failedSeed = regexp.MustCompile(`seed \d+: ([^\n]*)`)
	volatile   = regexp.MustCompile(`[tc]\d+|\d+`) // names that differ from world to world
)

// run runs tests against machines with the inversion, and says what fails
// first; "" when nothing does.
func run(t *testing.T, v inversion, pkg string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args = append([]string{"test", "-overlay", overlay(t, v), "-vet=off", "-timeout=4m", pkg}, args...)
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	text := string(out)
	if err == nil {
		return ""
	}
	if m := failedTest.FindStringSubmatch(text); m != nil {
		file, title, _ := strings.Cut(m[1], "/")
		return fmt.Sprintf("%s: %s", file, strings.ReplaceAll(title, "_", " "))
	}
	if m := failedSeed.FindStringSubmatch(text); m != nil {
		return "simulation: " + firstWords(volatile.ReplaceAllString(m[1], "…"))
	}
	t.Fatalf("%v\n%s", err, text)
	return ""
}

// firstWords keeps a cell of the table short.
func firstWords(s string) string {
	s = strings.ReplaceAll(strings.TrimPrefix(s, "invariant broken: "), "|", "/")
	if r := []rune(s); len(r) > 70 {
		return string(r[:70]) + " …"
	}
	return s
}

// overlay makes the go command see the file with the inversion.
func overlay(t *testing.T, v inversion) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(machines, v.file))
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	changed, list := filepath.Join(dir, v.file), filepath.Join(dir, "overlay.json")
	data, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{changed: []byte(strings.Replace(string(src), v.old, v.new, 1)), list: data} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

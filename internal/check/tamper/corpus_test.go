package tamper

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/testconfig"
	"muster/internal/core/evidence"
	"muster/internal/source/reader"
)

// The corpus: testdata/LANGUAGE/SHAPE.txtar is a small project, and
// testdata/LANGUAGE/SHAPE.cases.txtar holds changes to it. The name of a case
// is "tampered RULE: what" or "benign: what". Its text is a script:
//
//	task TEXT, claim TEXT, type TEXT   what was asked and said
//	delete PATH, move OLD NEW
//	use CASE                           the edits of another case first
//	@ PATH                             the file that follows
//	<<< old === new >>>                replaces, each mark on a line of its own
//	+++ text >>>                       adds to the end of the file, or makes it
func TestCorpus(t *testing.T) {
	names, err := filepath.Glob("testdata/*/*.cases.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	counts := map[string]*tally{}
	parser := reader.NewParser("")
	t.Cleanup(func() { _ = parser.Close() })
	for _, name := range names {
		lang := filepath.Base(filepath.Dir(name))
		base := checktest.Files{}
		for _, f := range archive(t, strings.TrimSuffix(name, ".cases.txtar")+".txtar").Files {
			base[f.Name] = string(f.Data)
		}
		if counts[lang] == nil {
			counts[lang] = &tally{}
		}
		cases := archive(t, name).Files
		for _, c := range cases {
			if strings.HasPrefix(c.Name, "edit: ") {
				continue
			}
			t.Run(lang+"/"+c.Name, func(t *testing.T) { corpusCase(t, parser, base, corpusEntry{cases, c}, counts[lang]) })
		}
	}
	for lang, n := range counts {
		t.Logf("%s: %d tampered, caught %d (by a gate %d); %d benign, alarms %d", lang, n.tampered, n.caught, n.gated, n.benign, n.alarms)
		if (lang == "go" || lang == "python" || lang == "typescript") && (n.tampered < 40 || n.benign < 40) {
			t.Errorf("%s: fewer than 40 cases of a kind", lang)
		}
	}
}

type tally struct{ tampered, caught, gated, benign, alarms int }

func archive(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return txtar.Parse(data)
}

// corpusEntry is a case among the cases of its project.
type corpusEntry struct {
	cases []txtar.File
	txtar.File
}

func corpusCase(t *testing.T, parser *reader.Parser, base checktest.Files, c corpusEntry, n *tally) {
	head := checktest.Files{}
	maps.Copy(head, base)
	req := checktest.Request(evidence.OfRange)
	s := script{t: t, head: head, req: &req, cases: c.cases}
	s.run(string(c.Data))
	tools := check.Tools{Trees: checktest.New(t, map[string]checktest.Files{"base": base, "head": head}), Parser: parser, Exec: checktest.NoExec(t)}
	e, err := check.New(tools, []check.Check{New(), testconfig.New()}, 1).Judge(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	res := e.Results[0]
	res.Findings = e.Findings()
	var got []string
	for _, f := range res.Findings {
		if f.Level != evidence.Context {
			got = append(got, fmt.Sprintf("%s %s: %s", f.Level, f.Rule, f.Message))
		}
		if f.Level == evidence.Gate && (f.Reproduce == "" || f.Path == "") {
			t.Errorf("a gate without a reproduction or a place: %+v", f)
		}
	}
	if what, ok := strings.CutPrefix(c.Name, "tampered "); ok {
		rule, _, _ := strings.Cut(what, ":")
		n.tampered++
		at := slices.IndexFunc(res.Findings, func(f evidence.Finding) bool { return f.Rule == rule && f.Level != evidence.Context })
		if at < 0 {
			t.Errorf("%s was not caught: %q (%s)", rule, got, res.Why)
			return
		}
		n.caught++
		if res.Findings[0].Level == evidence.Gate {
			n.gated++
		}
		return
	}
	n.benign++
	if len(got) > 0 {
		n.alarms++
		t.Errorf("a false alarm:\n%s", strings.Join(got, "\n"))
	}
}

// script applies the edits of a case.
type script struct {
	t     *testing.T
	head  checktest.Files
	req   *evidence.Request
	cases []txtar.File
	path  string
}

func (s *script) run(text string) {
	s.t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	until := func(i *int, mark string) string {
		var b strings.Builder
		for *i++; *i < len(lines) && lines[*i] != mark; *i++ {
			b.WriteString(lines[*i] + "\n")
		}
		if *i >= len(lines) {
			s.t.Fatalf("the script has no %s", mark)
		}
		return b.String()
	}
	for i := 0; i < len(lines); i++ {
		word, rest, _ := strings.Cut(lines[i], " ")
		switch word {
		case "task":
			s.req.Task = rest
		case "claim":
			s.req.Claim = rest
		case "type":
			s.req.Type = rest
		case "delete":
			delete(s.head, rest)
		case "move":
			from, to, _ := strings.Cut(rest, " ")
			s.head[to] = s.head[from]
			delete(s.head, from)
		case "use":
			s.use(rest)
		case "@":
			s.path = rest
		case "<<<":
			old := until(&i, "===")
			s.replace(old, until(&i, ">>>"))
		case "+++":
			s.head[s.path] += until(&i, ">>>")
		case "":
		default:
			s.t.Fatalf("what is %q?", lines[i])
		}
	}
}

func (s *script) use(name string) {
	for _, c := range s.cases {
		if strings.HasSuffix(c.Name, ": "+name) {
			s.run(string(c.Data))
			return
		}
	}
	s.t.Fatalf("there is no case %q", name)
}

func (s *script) replace(old, text string) {
	s.t.Helper()
	if !strings.Contains(s.head[s.path], old) {
		s.t.Fatalf("%s does not hold:\n%s", s.path, old)
	}
	s.head[s.path] = strings.Replace(s.head[s.path], old, text, 1)
}

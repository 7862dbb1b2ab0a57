package begin

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/core/config"
	"muster/internal/core/taint"
)

// paper is a Shell that keeps what is printed.
type paper struct {
	strings.Builder
	refused bool
}

func (p *paper) Context() context.Context                        { return context.Background() }
func (p *paper) Host() app.Host                                  { return app.Host{Dir: "/"} }
func (p *paper) Print(format string, args ...any)                { fmt.Fprintf(p, format, args...) }
func (p *paper) Note(format string, args ...any)                 { fmt.Fprintf(p, format, args...) }
func (p *paper) Paint(_ Color, text string) any                  { return text }
func (p *paper) JSON(any) bool                                   { return false }
func (p *paper) Refuse()                                         { p.refused = true }
func (p *paper) Arguments(int, int, string) cobra.PositionalArgs { return nil }

// Every value in force has a line that says where it comes from.
func TestDoctorShowsEveryOrigin(t *testing.T) {
	text := "agents: {bot: {driver: command, command: [./agent.sh], env: {A: b}}}\nchecks: {build: [make]}\nprotect: [" + strings.Repeat("a", 90) + "]\n"
	c, problems := config.Parse(".muster/config.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, origins := range [][]config.Origin{config.Default().Origin, c.Origin} {
		p := &paper{}
		inForce(p, app.Diagnosis{Config: origins})
		for _, o := range origins {
			found := false
			for line := range strings.Lines(p.String()) {
				found = found || strings.HasPrefix(strings.TrimSpace(line), o.Key+" ") && strings.Contains(line, "("+o.Source+")") &&
					strings.Contains(line, o.Value[:min(len(o.Value), 70)])
			}
			if !found {
				t.Errorf("%+v is missing from\n%s", o, p.String())
			}
		}
	}
	p := &paper{}
	if inForce(p, app.Diagnosis{}); p.Len() > 0 {
		t.Errorf("without a configuration there is %q", p.String())
	}
}

// What is bad is marked, and said to the shell by the exit code.
func TestDoctorOutsideOfARepository(t *testing.T) {
	p := &paper{}
	doctor(p, Version{}, app.NoProbe, nil)
	if !p.refused || !strings.Contains(p.String(), "bad  repository") || !strings.Contains(p.String(), "\nnext: ") {
		t.Errorf("got %q", p.String())
	}
}

// A way is told from where the text comes in to the act, with what ends it.
func TestWays(t *testing.T) {
	p := &paper{}
	ways(p, app.Diagnosis{Ways: []taint.Path{{
		Nodes: []string{"agent a", "checks"}, Handed: []string{"code"}, At: "agent a",
		Untrusted: taint.Fact{What: "reads", Refs: []string{"ASI01"}}, Sensitive: taint.Fact{What: "sees", Cut: "cut one", Refs: []string{"ASI03"}},
		Outward: taint.Fact{What: "acts", Cut: "cut two"},
	}}})
	for _, want := range []string{"1. agent a reads\n", "hands code to checks\n", "agent a sees\n", "checks acts\n", "ASI01, ASI03\n", "ends with: cut two; or cut one\n"} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("%q is not in\n%s", want, p.String())
		}
	}
	p = &paper{}
	if ways(p, app.Diagnosis{Ways: []taint.Path{}}); !strings.Contains(p.String(), "none: no way") {
		t.Errorf("%q", p.String())
	}
	p = &paper{}
	if ways(p, app.Diagnosis{}); strings.Contains(p.String(), "none") || !strings.Contains(p.String(), "not looked at") {
		t.Errorf("where nobody looked: %q", p.String())
	}
}

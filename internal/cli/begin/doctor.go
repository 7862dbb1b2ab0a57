package begin

import (
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/cli/unit"
)

// Version is what is known of this program's build.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Dirty   bool   `json:"dirty,omitempty"` // built from files that were not committed
	Go      string `json:"go"`
}

// Doctor gives the command muster doctor. What is given of the program itself
// is added to its JSON.
func Doctor(s Shell, program Version) *cobra.Command {
	var probes, security bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Show what Muster finds on this machine and in this repository",
		Args:  s.Arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			probing := app.NoProbe
			if probes {
				probing = app.Probe
			}
			parts := []func(Shell, app.Diagnosis){inForce}
			if security {
				parts = []func(Shell, app.Diagnosis){ways, inForce}
			}
			doctor(s, program, probing, parts)
			return nil
		},
	}
	cmd.Flags().BoolVar(&probes, "probe", false, "have each agent that is there ask its model one tiny question, which may cost a little")
	cmd.Flags().BoolVar(&security, "security", false, "show the ways on which strangers could do harm through agents, and what would end each")
	return cmd
}

func doctor(s Shell, program Version, probing app.Probing, parts []func(Shell, app.Diagnosis)) {
	d := app.Examine(s.Context(), s.Host(), probing)
	if !d.OK {
		s.Refuse()
	}
	if s.JSON(struct {
		Version
		app.Diagnosis
	}{program, d}) {
		return
	}
	width := 0
	for _, p := range d.Points {
		width = max(width, utf8.RuneCountInString(p.About))
	}
	for _, p := range d.Points {
		color, word := Fine, "ok  "
		switch p.Level {
		case app.Worth:
			color, word = Caution, "note"
		case app.Bad:
			color, word = Wrong, "bad "
		case app.Good:
		}
		s.Print("%s %-*s  %s\n", s.Paint(color, word), width, p.About, p.Text)
		if p.Hint != "" {
			s.Print("     %-*s  %s %s\n", width, "", s.Paint(Typed, "hint:"), p.Hint)
		}
	}
	for _, part := range parts {
		part(s, d)
	}
	if d.Next != "" {
		s.Print("\nnext: %s\n", s.Paint(Typed, d.Next))
	}
}

// ways shows how a text of strangers could do harm, the shortest way first.
func ways(s Shell, d app.Diagnosis) {
	all := d.Ways
	s.Print("\nways to harm (a text of strangers, a secret and an act outside, in agents or from one to the next):\n")
	switch {
	case all == nil:
		s.Print("  not looked at: what is bad above comes first\n")
	case len(all) == 0:
		s.Print("  none: no way has all three\n")
	}
	const most = 5
	for i, p := range all[:min(len(all), most)] {
		s.Print("%3d. %s %s\n", i+1, s.Paint(Caution, p.Nodes[0]), p.Untrusted.What)
		for k, handed := range p.Handed {
			s.Print("     hands %s to %s\n", handed, p.Nodes[k+1])
		}
		s.Print("     %s %s\n", p.At, p.Sensitive.What)
		s.Print("     %s %s\n", p.Nodes[len(p.Nodes)-1], p.Outward.What)
		s.Print("     %s\n", s.Paint(Aside, "OWASP agentic top ten: "+strings.Join(p.Refs(), ", ")))
		if cuts := p.Cuts(); len(cuts) > 0 {
			s.Print("     %s %s\n", s.Paint(Typed, "ends with:"), strings.Join(cuts, "; or "))
		}
	}
	if more := len(all) - most; more > 0 {
		s.Print("  and %s that are no shorter: muster doctor --json\n", unit.Plural(more, "way"))
	}
}

// inForce lists every value of the configuration and where it comes from.
func inForce(s Shell, d app.Diagnosis) {
	const longest = 80 // characters of a value
	width := 0
	for _, k := range d.Config {
		width = max(width, len(k.Key))
	}
	if len(d.Config) > 0 {
		s.Print("\nconfiguration in force:\n")
	}
	for _, k := range d.Config {
		value := []rune(strings.Join(strings.Fields(k.Value), " "))
		if len(value) > longest {
			value = append(value[:longest-1], '…')
		}
		s.Print("  %-*s  %s  %s\n", width, k.Key, unit.OrDash(string(value)), s.Paint(Aside, "("+k.Source+")"))
	}
}

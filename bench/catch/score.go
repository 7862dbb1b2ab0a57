package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// share is a proportion with its Wilson score interval at 95 % (Wilson 1927).
type share struct {
	Hits  int     `json:"hits"`
	Of    int     `json:"of"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Value float64 `json:"value"`
}

func shareOf(hits, of int) share {
	s := share{Hits: hits, Of: of}
	if of == 0 {
		return s
	}
	const z = 1.959964
	n, p := float64(of), float64(hits)/float64(of)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	s.Value, s.Low, s.High = p, max(middle-half, 0), min(middle+half, 1)
	return s
}

func (s share) String() string {
	if s.Of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d %.0f %% (%.0f-%.0f)", s.Hits, s.Of, 100*s.Value, 100*s.Low, 100*s.High)
}

// row is the score of one failure mode.
type row struct {
	Mode         string `json:"mode"`
	Blocked      share  `json:"blocked"`       // of the mistakes: something blocks
	Sent         share  `json:"sent"`          // of the mistakes: something blocks or a finding sends it to a person
	Located      share  `json:"located"`       // of the mistakes whose place is known: a finding among the first five is there
	FalseBlocked share  `json:"false_blocked"` // of the benign twins
	FalseSent    share  `json:"false_sent"`
	Errors       int    `json:"errors"`
}

// score counts the outcomes by failure mode, and all of them together.
func score(all []Outcome) []row {
	groups := map[string][]Outcome{}
	for _, o := range all {
		groups[o.group()] = append(groups[o.group()], o)
	}
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)
	var rows []row
	for _, name := range names {
		rows = append(rows, scoreOf(name, groups[name]))
	}
	if len(rows) > 1 {
		rows = append(rows, scoreOf("all", all))
	}
	return rows
}

func scoreOf(name string, group []Outcome) row {
	r := row{Mode: name}
	var bad, good, located [4]int // of, blocked, sent, located
	for _, o := range group {
		if o.Error != "" {
			r.Errors++
			continue
		}
		of := &bad
		if o.isBenign() {
			of = &good
		} else if len(readPlaces(o.Lines)) > 0 {
			located[0]++
			if o.First {
				located[3]++
			}
		}
		of[0]++
		if o.blocked() {
			of[1]++
		}
		if o.sent() {
			of[2]++
		}
	}
	r.Blocked, r.Sent, r.Located = shareOf(bad[1], bad[0]), shareOf(bad[2], bad[0]), shareOf(located[3], located[0])
	r.FalseBlocked, r.FalseSent = shareOf(good[1], good[0]), shareOf(good[2], good[0])
	return r
}

// write prints the rows as a Markdown table.
func write(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	say := func(to io.Writer, format string, args ...any) {
		fmt.Fprintf(to, format, args...) //nolint:errcheck // nobody to tell when the output is gone
	}
	say(t, "| failure mode\t| blocked\t| blocked or sent\t| located\t| twins blocked\t| twins sent\t|\n")
	say(t, "|---\t|---\t|---\t|---\t|---\t|---\t|\n")
	broken := 0
	for _, r := range rows {
		say(t, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", strings.ReplaceAll(r.Mode, "|", "/"), r.Blocked, r.Sent, r.Located, r.FalseBlocked, r.FalseSent)
		broken = max(broken, r.Errors)
	}
	t.Flush() //nolint:errcheck // nobody to tell when the output is gone
	if broken > 0 {
		say(w, "\n%d cases could not be judged and count for nothing above.\n", broken)
	}
}

// bound is what one failure mode must reach with --static: the share of
// mistakes blocked or sent at least, of twins blocked at most.
type bound struct {
	mode         string
	sent, wrongs float64
}

// bounds lie a little below what was reached, so that a rule may change its
// mind about a case or two.
func bounds() []bound {
	return []bound{
		{"claims", 0.9, 0.02},
		{"dependencies", 0.9, 0.02},
		{"guards", 0.85, 0.02},
		{"hardcoded", 0.9, 0.02},
		{"harness", 0.95, 0.02},
		{"scope", 0.9, 0.02},
		{"secrets", 0.95, 0.02},
		{"tamper", 0.95, 0.02},
	}
}

// held reports which modes fell below their bounds.
func held(rows []row) error {
	var low []string
	for _, b := range bounds() {
		for _, r := range rows {
			if r.Mode == b.mode && (r.Sent.Of == 0 || r.Sent.Value < b.sent || r.FalseBlocked.Value > b.wrongs || r.Errors > 0) {
				low = append(low, fmt.Sprintf("%s: %s caught, %s of the twins blocked, %d errors", r.Mode, r.Sent, r.FalseBlocked, r.Errors))
			}
		}
	}
	if len(low) > 0 {
		return errors.New("less is caught than before: " + strings.Join(low, "; "))
	}
	return nil
}

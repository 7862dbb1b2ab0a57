// Package prices holds the commands about what models cost.
package prices

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/internal/app"
	"muster/internal/app/models"
	"muster/internal/cli/begin"
	"muster/internal/cli/unit"
	"muster/internal/core/meter"
)

// Shell is the command line that the commands are part of.
type Shell interface {
	begin.Shell
	Exit(code int) // what the program ends with, when there is no error
}

// exitPerson is the exit code where a person has to decide.
const exitPerson = 10

// shown is how many changes of price are listed.
const shown = 40

// Prices gives the command muster prices.
func Prices(s Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use: "prices", Short: "Show what the models of the configured agents would be charged for, or fetch prices anew",
		Args: s.Arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error { return list(s) },
	}
	var w models.Refresh
	refresh := &cobra.Command{
		Use: "refresh", Short: "Fetch the prices of models.dev, show what changes, and use them from the next attempt on",
		Args: s.Arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			w.Date = time.Now().UTC().Format(time.DateOnly)
			return fetch(s, w)
		},
	}
	refresh.Flags().StringVar(&w.From, "from", "", "a `FILE` or URL with the list of models.dev, instead of https://models.dev/api.json")
	refresh.Flags().BoolVar(&w.Accept, "accept", false, "take prices that are tenfold what they were, or a tenth, as well")
	cmd.AddCommand(refresh)
	return cmd
}

func list(sh Shell) error {
	s, err := app.Open(sh.Context(), sh.Host())
	if err != nil {
		return err
	}
	c, err := app.Charges(sh.Context(), s)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if sh.JSON(c) {
		return nil
	}
	show(sh, c)
	return nil
}

// show says what models would be charged for, in US dollars for a million
// tokens.
func show(sh Shell, c models.Charges) {
	wide := [2]int{len("agent"), len("model")}
	for _, a := range c.Agents {
		wide[0], wide[1] = max(wide[0], len(a.Agent)), max(wide[1], len(modelOf(a)))
	}
	sh.Print("US dollars for a million tokens:\n  %-*s  %-*s  %9s  %9s  %9s  %9s\n", wide[0], "agent", wide[1], "model", "input", "output", "cached", "to cache")
	for _, a := range c.Agents {
		sh.Print("  %-*s  %-*s  %s\n", wide[0], a.Agent, wide[1], modelOf(a), what(c, a))
		if a.Price != nil && a.Price.Long != nil {
			sh.Print("  %-*s  %-*s  %s  of requests above %s tokens\n", wide[0], "", wide[1], "", rates(*a.Price.Long), unit.Count(a.Price.Above))
		}
	}
	sh.Print("\nbuilt in: %d models, as of %s, from %s\n", c.BuiltIn.Models, c.BuiltIn.Date, c.BuiltIn.Origin)
	if c.Fetched == nil {
		sh.Print("refreshed: never; muster prices refresh fetches the prices of today\n")
	} else {
		sh.Print("refreshed: %d models, as of %s, from %s; these come first\n", c.Fetched.Models, c.Fetched.Date, c.Fetched.Origin)
	}
	if c.Own > 0 {
		sh.Print("own: %s in prices: of .muster/config.yaml, before all others\n", unit.Plural(c.Own, "model"))
	}
}

func modelOf(a models.Charge) string {
	switch {
	case a.Model == "":
		return "its program's own"
	case a.Seen:
		return a.Model + " (as it answered last)"
	}
	return a.Model
}

// what says what an agent's model would be charged for, and where that is from.
func what(c models.Charges, a models.Charge) string {
	switch {
	case a.Past != "":
		return "booked as the agent reports it: " + a.Past
	case a.Model == "":
		return "known once the model has answered"
	case a.Source == meter.Unknown:
		return fmt.Sprintf("unknown: tokens count, and a budget of money refuses its requests; set prices: {%q: {input: 1.25, output: 10}}", a.Model)
	case a.Source == meter.Free:
		return "nothing: it runs on a server of your own"
	}
	from := map[meter.Source]string{meter.Own: "own, .muster/config.yaml", meter.BuiltIn: "built in, " + c.BuiltIn.Date}
	if c.Fetched != nil {
		from[meter.Newer] = "refreshed, " + c.Fetched.Date
	}
	return rates(*a.Price) + "  " + from[a.Source]
}

func rates(p meter.Price) string {
	return fmt.Sprintf("%9s  %9s  %9s  %9s", dollars(p.Input), dollars(p.Output), dollars(p.CacheRead), dollars(p.CacheWrite))
}

func dollars(micro int64) string {
	return strconv.FormatFloat(float64(micro)/1e6, 'f', -1, 64)
}

func fetch(sh Shell, w models.Refresh) error {
	root, err := sh.Host().StateRoot()
	if err != nil {
		return err
	}
	r, err := models.RefreshPrices(sh.Context(), root, w)
	if err != nil {
		return err
	}
	if !r.Written {
		sh.Exit(exitPerson)
	}
	if sh.JSON(r) {
		return nil
	}
	for _, c := range r.Changes[:min(len(r.Changes), shown)] {
		mark := ""
		if c.IsLarge() {
			mark = fmt.Sprint("  ", sh.Paint(begin.Wrong, large(c)))
		}
		sh.Print("  %s %s: %s%s\n", c.Vendor, c.Model, difference(c), mark)
	}
	if n := len(r.Changes) - shown; n > 0 {
		sh.Print("  and %s more; --json lists all\n", unit.Plural(n, "change"))
	}
	sh.Print("%s from %s: %s, %d new, %d that it does not have and that stay as they were\n",
		unit.Plural(r.Models, "model"), r.Origin, unit.Plural(len(r.Changes), "change"), r.Added, r.Kept)
	if !r.Written {
		sh.Print("%s: %s of price tenfold or more is more likely a mistake; the prices in force stay as they are\n",
			sh.Paint(begin.Caution, "not taken"), unit.Plural(r.Large, "change"))
		sh.Print("take them all the same: %s\n", sh.Paint(begin.Typed, command(w)))
		return nil
	}
	sh.Print("in force from the next attempt on, as of %s\n", r.Date)
	return nil
}

func command(w models.Refresh) string {
	parts := []string{"muster prices refresh --accept"}
	if w.From != "" {
		parts = append(parts, "--from "+w.From)
	}
	return strings.Join(parts, " ")
}

func large(c meter.Change) string {
	if c.Times == 0 {
		return "from or to nothing"
	}
	return fmt.Sprintf("%.0f times", c.Times)
}

// difference says what of a price is another.
func difference(c meter.Change) string {
	var out []string
	for was, now := &c.Was, &c.Now; was != nil || now != nil; was, now = next(was), next(now) {
		switch {
		case was == nil:
			out = append(out, fmt.Sprintf("now dearer for long requests: input %s, output %s", dollars(now.Input), dollars(now.Output)))
			continue
		case now == nil:
			out = append(out, "long requests cost no more than others now")
			continue
		}
		for _, f := range []struct {
			name string
			a, b int64
		}{{"input", was.Input, now.Input}, {"output", was.Output, now.Output}, {"cached", was.CacheRead, now.CacheRead}, {"to cache", was.CacheWrite, now.CacheWrite}} {
			if f.a != f.b {
				out = append(out, fmt.Sprintf("%s %s -> %s", f.name, dollars(f.a), dollars(f.b)))
			}
		}
		if was.Above != now.Above && was.Long != nil && now.Long != nil {
			out = append(out, fmt.Sprintf("long from %s -> %s tokens", unit.Count(was.Above), unit.Count(now.Above)))
		}
	}
	return strings.Join(out, ", ")
}

func next(p *meter.Price) *meter.Price {
	if p == nil {
		return nil
	}
	return p.Long
}

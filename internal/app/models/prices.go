package models

import (
	"context"
	"slices"
	"strings"

	"muster/internal/adapter/login"
	"muster/internal/adapter/pricelist"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/meter"
)

// Charge is what an agent's model would be charged for.
type Charge struct {
	Agent  string       `json:"agent"`
	Model  string       `json:"model,omitempty"`  // empty: its program's own default, which is known once it has answered
	Seen   bool         `json:"seen,omitempty"`   // nobody set the model: it is the one that answered last
	Past   string       `json:"past,omitempty"`   // why it does not ask through the gateway; then what it reports is booked, and no price applies
	Vendor string       `json:"vendor,omitempty"` // whose prices count
	Source meter.Source `json:"source,omitempty"`
	Price  *meter.Price `json:"price,omitempty"` // micro-USD for a million tokens; nil where none is known or applies
}

// Day says which prices are meant.
type Day struct {
	Date   string `json:"date"`
	Origin string `json:"origin"`
	Models int    `json:"models"`
}

// Charges says what models would be charged for, and which prices are in
// force.
type Charges struct {
	Agents  []Charge `json:"agents"`
	Own     int      `json:"own"` // prices that the configuration sets
	Fetched *Day     `json:"fetched,omitempty"`
	BuiltIn Day      `json:"built_in"`
}

// ChargesOf says what the models of the configured agents would be charged for.
// Seen holds the models that answered last, by agent; root is the state root.
func ChargesOf(c config.Config, h Host, seen map[string]string, root string) (Charges, error) {
	newer, err := pricelist.Read(root)
	if err != nil {
		return Charges{}, err
	}
	standard := meter.Standard()
	out := Charges{Agents: []Charge{}, Own: len(c.Prices), BuiltIn: Day{standard.Date, standard.Origin, len(standard.Models)}}
	if newer.Models != nil {
		out.Fetched = &Day{newer.Date, newer.Origin, len(newer.Models)}
	}
	for _, g := range c.Agents {
		out.Agents = append(out.Agents, charge(c, g, h, seen[g.Name], newer))
	}
	return out, nil
}

func charge(c config.Config, g job.Agent, h Host, seen string, newer meter.Table) Charge {
	out := Charge{Agent: g.Name, Model: g.Model}
	if out.Model == "" {
		out.Model, out.Seen = seen, seen != ""
	}
	_, services, why := login.Through(job.Attempt{Agent: g, Host: h.AgentEnv(wanted(g)), Gateway: job.Gateway{Off: c.Gateway == "off"}})
	if len(services) == 0 {
		out.Past = why
		return out
	}
	s := services[0]
	if name, _, ok := strings.Cut(out.Model, "/"); ok { // an agent of several services names the one it asks
		if i := slices.IndexFunc(services, func(s login.Service) bool { return s.Name == name }); i >= 0 {
			s = services[i]
		}
	}
	out.Vendor = s.Vendor
	if out.Model == "" {
		return out
	}
	var price meter.Price
	price, out.Source = meter.NewPrices(meter.Lists{Own: prices(c.Prices), Newer: newer, Free: s.Own}).Lookup(s.Vendor, out.Model)
	if out.Source != meter.Unknown {
		out.Price = &price
	}
	return out
}

// Refresh is the wish to fetch prices.
type Refresh struct {
	From   string // a file or a URL; empty: models.dev
	Date   string // today, as 2026-11-28
	Accept bool   // large changes as well
}

// Refreshed is what came of it.
type Refreshed struct {
	Day
	Changes []meter.Change `json:"changes"` // of models that were known, the largest first
	Added   int            `json:"added"`   // models that were not known
	Kept    int            `json:"kept"`    // models that it does not have, and whose former prices stay
	Large   int            `json:"large"`   // of the changes: so large that they are taken only when a person accepts them
	Written bool           `json:"written"` // the prices are in force from the next attempt on
}

// RefreshPrices fetches prices and puts them in force, unless changes among
// them are so large that a person has to accept them first.
func RefreshPrices(ctx context.Context, root string, w Refresh) (Refreshed, error) {
	if w.From == "" {
		w.From = pricelist.Origin
	}
	now, err := pricelist.Fetch(ctx, w.From, w.Date)
	if err != nil {
		return Refreshed{}, err
	}
	// A file that is broken is replaced: with what would it be compared?
	former, err := pricelist.Read(root)
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return Refreshed{}, err
	}
	out := Refreshed{Day: Day{now.Date, now.Origin, len(now.Models)}}
	out.Changes, out.Added, out.Kept = meter.Compare(former.Over(meter.Standard()), now)
	for _, c := range out.Changes {
		if c.IsLarge() {
			out.Large++
		}
	}
	if out.Changes == nil {
		out.Changes = []meter.Change{}
	}
	if out.Large > 0 && !w.Accept {
		return out, nil
	}
	out.Written = true
	return out, pricelist.Write(root, now.Over(former))
}

// PricesText says in one line which prices are in force.
func PricesText(root string) (string, error) {
	newer, err := pricelist.Read(root)
	if err != nil {
		return "", err
	}
	standard := meter.Standard()
	if newer.Models == nil {
		return "built in, as of " + standard.Date + "; muster prices refresh fetches those of today", nil
	}
	return "refreshed, as of " + newer.Date + ", before those built in, as of " + standard.Date, nil
}

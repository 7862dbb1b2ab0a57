package meter

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// vendorsOf are the providers of models.dev whose prices count, and what they
// are called here. What others ask for the same models is theirs to say.
func vendorsOf() [][2]string {
	return [][2]string{
		{"alibaba", "alibaba"},
		{"anthropic", "anthropic"},
		{"deepseek", "deepseek"},
		{"google", "gemini"},
		{"mistral", "mistral"},
		{"moonshotai", "moonshotai"},
		{"openai", "openai"},
		{"xai", "xai"},
		{"zai", "zai"},
	}
}

// rates are the prices of a model in models.dev, in US dollars for a million
// tokens.
type rates struct {
	Input      *float64 `json:"input"`
	Output     *float64 `json:"output"`
	CacheRead  *float64 `json:"cache_read"`
	CacheWrite *float64 `json:"cache_write"`
}

// entry is a model of models.dev. Fields that are not named here may be added
// there at any time, and are not looked at.
type entry struct {
	Cost *struct {
		rates
		Over200k *rates `json:"context_over_200k"`
		Tiers    []struct {
			rates
			Tier struct {
				Type string `json:"type"`
				Size int64  `json:"size"`
			} `json:"tier"`
		} `json:"tiers"`
	} `json:"cost"`
	Modalities *struct {
		Output []string `json:"output"`
	} `json:"modalities"`
}

// ReadModelsDev reads the file api.json of models.dev as the table of a day.
// Models that do not answer in text, or cost nothing, are left out. Anything
// that is not as expected is an error that names it: of a list that is wrong in
// one place, nothing is believed.
func ReadModelsDev(data []byte, date, origin string) (Table, error) {
	var all map[string]struct {
		Models map[string]json.RawMessage `json:"models"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return Table{}, fmt.Errorf("it is not the list of models.dev: %w", err)
	}
	t := Table{Date: date, Origin: origin, Models: map[string]Price{}}
	for _, v := range vendorsOf() {
		models := all[v[0]].Models
		for _, id := range slices.Sorted(maps.Keys(models)) {
			price, isPriced, err := readEntry(models[id])
			if err != nil {
				return Table{}, fmt.Errorf("%.40s.models.%.80s: %w", v[0], id, err)
			}
			if isPriced && isName(id) {
				t.Models[v[1]+" "+strings.ToLower(id)] = price
			}
		}
	}
	for _, must := range []string{"anthropic", "openai", "gemini"} {
		if !slices.ContainsFunc(slices.Sorted(maps.Keys(t.Models)), func(name string) bool { return strings.HasPrefix(name, must+" ") }) {
			return Table{}, fmt.Errorf("it has no priced model of %s, so it is not the list of models.dev, or only part of it", must)
		}
	}
	return t, t.check()
}

func readEntry(data []byte) (Price, bool, error) {
	var e entry
	if err := json.Unmarshal(data, &e); err != nil {
		return Price{}, false, err
	}
	if e.Cost == nil || e.Cost.Input == nil && e.Cost.Output == nil || e.Modalities != nil && !slices.Contains(e.Modalities.Output, "text") {
		return Price{}, false, nil
	}
	base, err := e.Cost.price("cost")
	if err != nil {
		return Price{}, false, err
	}
	type step struct {
		above int64
		price Price
	}
	var steps []step
	for _, tier := range e.Cost.Tiers {
		if tier.Tier.Type != "context" {
			continue
		}
		p, err := tier.price("cost.tiers")
		if err == nil && tier.Tier.Size <= 0 {
			err = errors.New("cost.tiers has a step at no size")
		}
		if err != nil {
			return Price{}, false, err
		}
		steps = append(steps, step{tier.Tier.Size, p})
	}
	if len(steps) > maxTiers {
		return Price{}, false, fmt.Errorf("cost.tiers has %d steps; at most %d are accepted", len(steps), maxTiers)
	}
	if len(steps) == 0 && e.Cost.Over200k != nil {
		p, err := e.Cost.Over200k.price("cost.context_over_200k")
		if err != nil {
			return Price{}, false, err
		}
		steps = append(steps, step{200_000, p})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(b.above - a.above) })
	var long *Price
	var above int64
	for _, s := range steps { // the highest first: each holds the one above it
		p := s.price
		p.Above, p.Long = above, long
		long, above = &p, s.above
	}
	base.Above, base.Long = above, long
	return base, base.Input > 0 || base.Output > 0, nil
}

// price gives rates in micro-USD. What costs nothing to read from a cache or to
// write there is said; where it is not said, it costs what input does.
func (r rates) price(where string) (Price, error) {
	var p Price
	for _, f := range []struct {
		name string
		from *float64
		into *int64
	}{{"input", r.Input, &p.Input}, {"output", r.Output, &p.Output}, {"cache_read", r.CacheRead, &p.CacheRead}, {"cache_write", r.CacheWrite, &p.CacheWrite}} {
		if f.from == nil {
			if f.name == "input" || f.name == "output" {
				return Price{}, fmt.Errorf("%s.%s is missing", where, f.name)
			}
			*f.into = p.Input
			continue
		}
		if !(*f.from >= 0) || *f.from*1e6 > maxPrice {
			return Price{}, fmt.Errorf("%s.%s is %g; a price is between 0 and %g US dollars for a million tokens", where, f.name, *f.from, float64(maxPrice)/1e6)
		}
		*f.into = int64(math.Round(*f.from * 1e6))
	}
	return p, nil
}

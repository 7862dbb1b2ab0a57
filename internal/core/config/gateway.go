package config

import (
	"path"
	"slices"
	"strings"

	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

const maxPrices = 1000

// readKey reads where an agent's key is from.
func readKey(f *yamlfile.File, n *yamlfile.Node) *job.Key {
	if n == nil || !f.Map(n, Keys("key")...) {
		return nil
	}
	var k job.Key
	given := 0
	if v := n.Get("env"); v != nil {
		given++
		if name := f.Line(v, maxName); f.Filled(v, name) {
			if k.Env = name; !isVariable(name) {
				f.Errorf(v, "letters, digits and '_', not beginning with a digit", "%s cannot be the name of a variable", yamlfile.Quote(name))
			}
		}
	}
	if v := n.Get("file"); v != nil {
		given++
		if k.File = f.Line(v, maxText); f.Filled(v, k.File) && !path.IsAbs(k.File) {
			f.Errorf(v, "write the whole path, as in /home/ann/.keys/anthropic", "%s is not an absolute path", yamlfile.Quote(k.File))
		}
	}
	if v := n.Get("command"); v != nil {
		given++
		k.Command = plan.ReadArgv(f, v)
	}
	if given != 1 {
		f.Errorf(n, "one of "+strings.Join(Keys("key"), ", "), "a key is from exactly one place")
		return nil
	}
	return &k
}

// readPrices reads a person's own prices, in US dollars for a million tokens.
// Without prices for the cache, both cost what input does.
func readPrices(f *yamlfile.File, n *yamlfile.Node) map[string]job.Price {
	if n == nil || !f.Map(n) || len(n.Entries) == 0 {
		return nil
	}
	if len(n.Entries) > maxPrices {
		f.Errorf(n, "", "has %d prices; at most %d are accepted", len(n.Entries), maxPrices)
		return nil
	}
	out := make(map[string]job.Price, len(n.Entries))
	for _, e := range n.Entries {
		name := f.Line(e.Key, maxName)
		if !f.Filled(e.Key, name) || !f.Map(e.Value, Keys("price")...) {
			continue
		}
		price := func(key string, other int64) int64 {
			at := e.Value.Get(key)
			if at == nil {
				return other
			}
			v, ok := f.Decimal(at, 6)
			if ok && (v < 0 || v > 1_000_000*1_000_000) {
				f.Errorf(at, "US dollars for a million tokens", "%s is no price", yamlfile.Quote(at.Text))
			}
			return v
		}
		f.Need(e.Value, "input", "US dollars for a million tokens")
		f.Need(e.Value, "output", "US dollars for a million tokens")
		p := job.Price{Input: price("input", 0), Output: price("output", 0)}
		p.CacheRead, p.CacheWrite = price("cache_read", p.Input), price("cache_write", p.Input)
		out[strings.ToLower(name)] = p
	}
	return out
}

// priced lists the models that have prices of their own.
func priced(prices map[string]job.Price) string {
	var names []string
	for name := range prices {
		names = append(names, name)
	}
	slices.Sort(names)
	return list(names)
}

// keyFrom says where a key is from.
func keyFrom(k *job.Key) string {
	switch {
	case k == nil:
		return ""
	case k.Env != "":
		return "the variable " + k.Env
	case k.File != "":
		return "the file " + k.File
	}
	return "the command " + plan.Command{Argv: k.Command}.String()
}

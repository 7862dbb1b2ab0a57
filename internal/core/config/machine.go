package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/internal/core/egress"
	"muster/internal/core/plan"
	"muster/internal/core/resource"
	"muster/internal/core/setup"
	"muster/internal/core/yamlfile"
)

const (
	maxPaths = 200 // that are copied or linked into worktrees
	maxHosts = 200 // that may be reached
)

// readWorktrees reads what worktrees hold beside what Git tracks.
func readWorktrees(f *yamlfile.File, n *yamlfile.Node, s *setup.Spec) {
	if !f.Map(n, Keys("worktrees")...) {
		return
	}
	s.Copy = readPaths(f, n.Get("copy"), nil)
	s.Link = readPaths(f, n.Get("link"), s.Copy)
	s.Inputs = plan.ReadGlobs(f, n.Get("inputs"))
	if t := n.Get("time"); t != nil {
		if s.TimeMS = f.Millis(t); s.TimeMS > dayMS {
			f.Errorf(t, "", "setting up may take a day at most")
		}
	}
}

// readPaths reads paths of the person's checkout. None may be given twice, nor
// lie within another.
func readPaths(f *yamlfile.File, list *yamlfile.Node, others []string) []string {
	var out []string
	for _, n := range f.List(list) {
		p := f.Line(n, maxName)
		if !f.Filled(n, p) {
			continue
		}
		if why := setup.BadPath(p); why != "" {
			f.Errorf(n, "", "%s %s", yamlfile.Quote(p), why)
			continue
		}
		p = strings.TrimSuffix(p, "/")
		if i := slices.IndexFunc(append(slices.Clone(others), out...), func(o string) bool {
			return o == p || strings.HasPrefix(o, p+"/") || strings.HasPrefix(p, o+"/")
		}); i >= 0 {
			f.Errorf(n, "", "%s and %s name the same place", yamlfile.Quote(p), yamlfile.Quote(append(slices.Clone(others), out...)[i]))
			continue
		}
		out = append(out, p)
	}
	if len(out) > maxPaths {
		f.Errorf(list, "name folders instead of files", "has %d paths; at most %d are accepted", len(out), maxPaths)
	}
	return out
}

// readEgress reads the hosts of the outside that a confined process may reach.
func readEgress(f *yamlfile.File, list *yamlfile.Node) []egress.Host {
	var out []egress.Host
	for _, n := range f.List(list) {
		text := f.Line(n, maxName)
		if !f.Filled(n, text) {
			continue
		}
		h, why := egress.Parse(text)
		switch {
		case why != "":
			f.Errorf(n, `as in api.example.com, "*.example.com" or "api.example.com:8443"`, "%s %s", yamlfile.Quote(text), why)
		case slices.Contains(out, h):
			f.Errorf(n, "", "%s is there twice", yamlfile.Quote(text))
		default:
			out = append(out, h)
		}
	}
	if len(out) > maxHosts {
		f.Errorf(list, "", "has %d hosts; at most %d are accepted", len(out), maxHosts)
	}
	return out
}

// readResources reads what a machine has to spare for agents.
func readResources(f *yamlfile.File, n *yamlfile.Node, l *resource.Limits) {
	if !f.Map(n, Keys("resources")...) {
		return
	}
	for _, k := range []struct {
		key  string
		into *int64
	}{{"agent_memory", &l.AgentMemory}, {"free_memory", &l.FreeMemory}, {"free_disk", &l.FreeDisk}, {"state_size", &l.StateSize}} {
		if v := n.Get(k.key); v != nil {
			*k.into = readSize(f, v)
		}
	}
}

// units are the units of sizes, the largest first.
func units() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
}

// readSize gives a size like 512MiB or 1.5GiB in bytes; 0 needs no unit.
func readSize(f *yamlfile.File, n *yamlfile.Node) int64 {
	text := strings.ReplaceAll(f.Line(n, maxName), " ", "")
	if text == "0" {
		return 0
	}
	for _, u := range units() {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(number, 64); err == nil && v >= 0 && v*float64(u.bytes) < 1<<60 {
			return int64(v * float64(u.bytes))
		}
	}
	if f.Filled(n, text) {
		f.Errorf(n, "write it like 512MiB or 1.5GiB; 0 means no limit", "%s is not a size", yamlfile.Quote(n.Text))
	}
	return 0
}

// size writes a size as readSize reads it.
func size(n int64) string {
	if n == 0 {
		return "no limit"
	}
	for _, u := range units() {
		if n >= u.bytes {
			return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.2f", float64(n)/float64(u.bytes)), "0"), ".0") + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"muster/internal/core/yamlfile"
)

// DismissedPath is the file of a repository that lists dismissed findings.
const DismissedPath = ".muster/dismissed.yaml"

const maxDismissed = 10_000

// Dismissal says that a finding is known and accepted, and why.
type Dismissal struct {
	Fingerprint string // 32 hexadecimal digits
	Check       string
	Path        string
	Because     string
	By          string
}

// isFingerprint says whether a text is 32 hexadecimal digits, in lower case.
func isFingerprint(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// ParseDismissed reads the list of dismissed findings and names everything
// that is wrong with it. With an error among the problems nothing is
// dismissed.
func ParseDismissed(name string, data []byte) ([]Dismissal, []yamlfile.Problem) {
	f := yamlfile.Read(name, data)
	var out []Dismissal
	root := f.Root()
	if f.Map(root, "version", "dismissed") {
		f.Version(root.Get("version"), Version)
		list := f.List(root.Get("dismissed"))
		if len(list) > maxDismissed {
			f.Errorf(root, "remove those whose code is gone", "has %d dismissals; at most %d are accepted", len(list), maxDismissed)
			list = nil
		}
		for _, n := range list {
			if !f.Map(n, "fingerprint", "check", "path", "because", "by") {
				continue
			}
			d := Dismissal{
				Fingerprint: f.Line(n.Get("fingerprint"), maxName), Check: f.Line(n.Get("check"), maxName),
				Path: f.Text(n.Get("path"), maxText), Because: f.Text(n.Get("because"), maxText), By: f.Line(n.Get("by"), maxName),
			}
			switch {
			case f.Need(n, "fingerprint", "32 hexadecimal digits, as muster check --json prints them") == nil, f.Need(n, "because", "say why it is no fault") == nil:
			case !isFingerprint(d.Fingerprint):
				f.Errorf(n.Get("fingerprint"), "32 hexadecimal digits, as muster check --json prints them", "%s is no fingerprint", yamlfile.Quote(d.Fingerprint))
			case strings.TrimSpace(d.Because) == "":
				f.Errorf(n.Get("because"), "say why it is no fault", "a dismissal needs a reason")
			default:
				out = append(out, d)
			}
		}
	}
	if f.Failed() {
		return nil, f.Problems()
	}
	return out, f.Problems()
}

// WriteDismissed gives the text of the list with one dismissal more, in the
// order of fingerprints, so that two people who add to it seldom conflict. One
// that is there already is replaced.
func WriteDismissed(have []Dismissal, add Dismissal) []byte {
	all := slices.DeleteFunc(slices.Clone(have), func(d Dismissal) bool { return d.Fingerprint == add.Fingerprint })
	all = append(all, add)
	slices.SortFunc(all, func(a, b Dismissal) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
	var b strings.Builder
	b.WriteString("# Findings that are known and accepted. Reviewed like code: muster check reads\n# this file from the base, never from the change it judges.\nversion: 1\ndismissed:\n")
	for _, d := range all {
		fmt.Fprintf(&b, "  - fingerprint: %s\n", quoted(d.Fingerprint))
		for _, field := range []struct{ key, value string }{{"check", d.Check}, {"path", d.Path}, {"because", d.Because}, {"by", d.By}} {
			if field.value != "" {
				fmt.Fprintf(&b, "    %s: %s\n", field.key, quoted(field.value))
			}
		}
	}
	return []byte(b.String())
}

// quoted writes a string of YAML: one of JSON is one.
func quoted(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string
	}
	return string(data)
}

// Fingerprints gives what is dismissed.
func Fingerprints(list []Dismissal) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Fingerprint)
	}
	return out
}

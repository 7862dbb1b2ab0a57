package dependencies

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/evidence"
	"muster/internal/source/manifest"
)

// sources points at dependencies that newly come from elsewhere than the
// registry, and at settings that make others do so.
func (j sourceRules) sources(_ context.Context, _ []addition) error {
	for _, f := range j.changedManifests() {
		head, was := j.head.files[f.Path], j.base.files[before(f)]
		if head.Lock {
			j.hosts(head, was)
			continue
		}
		j.origins(head, was)
		for _, o := range head.Overrides {
			at := place{path: head.Path, line: o.Line, name: o.Kind + " " + o.Name + " " + o.Target}
			if !slices.ContainsFunc(was.Overrides, func(p manifest.Override) bool { return sameOverride(o, p) }) {
				j.override(at, o)
			}
		}
	}
	return nil
}

// sameOverride: another version of the same module stands in for the same one.
func sameOverride(a, b manifest.Override) bool {
	x, _, _ := strings.Cut(a.Target, " ")
	y, _, _ := strings.Cut(b.Target, " ")
	return a.Kind == b.Kind && a.Name == b.Name && (a.Target == b.Target || a.Kind == "replace" && x == y)
}

// origins points at dependencies whose source is new and not a registry, or
// that another package now stands in for.
func (j sourceRules) origins(head, was manifest.File) {
	for _, d := range head.Dependencies {
		at := place{path: head.Path, line: d.Line, name: d.Name + " " + d.Locator}
		switch {
		case slices.ContainsFunc(was.Dependencies, func(o manifest.Dependency) bool { return sameOrigin(d, o) }):
		case head.Ecosystem == manifest.Go: // its replacements are overrides
		case d.Source == manifest.Path && j.inside(head.Path, d.Locator):
		case d.Source == manifest.Git, d.Source == manifest.URL, d.Source == manifest.Path:
			j.find(evidence.Locator, "source", at, "", fmt.Sprintf("%s takes %s not from a registry but from %s, which can change without notice.", at, d.Name, show(d.Locator)))
		case d.Replace != "" && d.Source == manifest.Registry && d.Kind != manifest.Tool && head.Ecosystem == manifest.NPM:
			level := evidence.Locator
			if strings.HasPrefix(d.Name, d.Replace) { // a second version beside the first: react-18
				level = evidence.Context
			}
			j.find(level, "source", at, "", fmt.Sprintf("%s takes the package %s under the name %s.", at, d.Replace, d.Name))
		}
	}
}

// sameOrigin: a manifest may name one package several times, each with a
// source of its own.
func sameOrigin(a, b manifest.Dependency) bool {
	return a.Source == b.Source && a.Replace == b.Replace && base(a.Locator) == base(b.Locator) &&
		manifest.Normal(a.Ecosystem, a.Name) == manifest.Normal(a.Ecosystem, b.Name)
}

// base gives an address without the version it names, which may change.
func base(address string) string {
	address, _, _ = strings.Cut(address, "#")
	at := strings.LastIndex(address, "@")
	if at > strings.LastIndex(address, "/") {
		address = address[:at]
	}
	return address
}

// inside reports whether a path of a manifest stays in the tree.
func (j sourceRules) inside(from, locator string) bool {
	for _, prefix := range []string{"file:", "link:", "portal:"} {
		locator = strings.TrimPrefix(locator, prefix)
	}
	if strings.HasPrefix(locator, "/") || strings.HasPrefix(locator, "~") || strings.Contains(locator, ":") {
		return false
	}
	target := path.Join(path.Dir(from), locator)
	return target != ".." && !strings.HasPrefix(target, "../")
}

func show(text string) string { return fmt.Sprintf("%q", check.Clip(text, 200)) }

// override points at one new setting.
func (j sourceRules) override(at place, o manifest.Override) {
	level, message := evidence.Locator, ""
	target, _, _ := strings.Cut(o.Target, " ")
	switch o.Kind {
	case "registry", "index":
		if target == "" {
			return
		}
		message = fmt.Sprintf("%s has packages taken from %s.", at, show(o.Target))
		if o.Name != "" {
			message = fmt.Sprintf("%s has packages taken from %s (%s).", at, show(o.Target), o.Name)
		}
	case "exclude":
		level, message = evidence.Context, fmt.Sprintf("%s rules out %s %s.", at, o.Name, o.Target)
	case "replace", "patch":
		message = fmt.Sprintf("%s puts %s in the place of %s.", at, show(o.Target), o.Name)
		switch isPath := strings.HasPrefix(target, ".") || strings.HasPrefix(target, "/"); {
		case target == o.Name, isPath && j.inside(at.path, target):
			level = evidence.Context // another version of the same, or a folder of this tree
		case isPath:
			message = fmt.Sprintf("%s takes %s from %s, a folder outside this tree: nobody else can build it.", at, o.Name, show(o.Target))
		}
	case "resolution":
		message = fmt.Sprintf("%s makes every use of %s be %s.", at, o.Name, show(o.Target))
		if !strings.ContainsAny(o.Target, ":/") {
			level = evidence.Context
		}
	}
	j.find(level, o.Kind, at, "", message)
}

// hosts points at entries of a lockfile that come from a host which none of
// the entries had at the base, and at those whose address names another
// package: the manifest need not change for that.
func (j sourceRules) hosts(head, was manifest.File) {
	known, old := map[string]int{}, map[string]bool{}
	for _, d := range was.Dependencies {
		known[host(d.Locator)]++
		old[d.Name+" "+d.Locator] = true
	}
	delete(known, "")
	declared := j.declaredElsewhere(head.Ecosystem)
	for _, d := range head.Dependencies {
		h := host(d.Locator)
		name := manifest.Normal(head.Ecosystem, d.Name)
		if h == "" || old[d.Name+" "+d.Locator] || declared[name] {
			continue
		}
		at := place{path: head.Path, line: d.Line, name: d.Name + " " + h}
		switch {
		case len(known) > 0 && known[h] == 0:
			j.find(evidence.Locator, "host", at, "", fmt.Sprintf("%s takes %s from the host %s, from which nothing came before.", at, d.Name, show(h)))
		case head.Ecosystem == manifest.NPM && d.Replace == "" && known[h] > 0 && !namesPackage(d):
			j.find(evidence.Locator, "host", at, "", fmt.Sprintf("%s takes %s from an address that names another package: %s.", at, d.Name, show(d.Locator)))
		}
	}
}

// namesPackage reports whether the address of an archive in a registry, which
// has the form host/name/-/file.tgz, is that of the package.
func namesPackage(d manifest.Dependency) bool {
	before, _, ok := strings.Cut(d.Locator, "/-/")
	if !ok {
		return true // another form
	}
	before = strings.ReplaceAll(strings.ToLower(before), "%2f", "/")
	return strings.HasSuffix(before, "/"+strings.ToLower(d.Name))
}

func host(address string) string {
	if at := strings.Index(address, "@http"); at >= 0 {
		address = address[at+1:]
	}
	u, err := url.Parse(strings.TrimPrefix(strings.TrimPrefix(address, "git+"), "registry+"))
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// declaredElsewhere gives the names that a manifest of the head openly takes
// from elsewhere.
func (j sourceRules) declaredElsewhere(e manifest.Ecosystem) map[string]bool {
	out := map[string]bool{}
	for _, p := range j.head.paths {
		f := j.head.files[p]
		for _, d := range f.Dependencies {
			if f.Ecosystem == e && !f.Lock && (d.Source != manifest.Registry || d.Replace != "") {
				out[manifest.Normal(e, d.Name)] = true
			}
		}
	}
	return out
}

package dependencies

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
	"muster/internal/source/manifest"
)

// young is the age below which a package is pointed at: most packages made to
// deceive are found and removed within weeks.
const young = 30 * 24 * time.Hour

// maxAsked bounds how many packages a registry is asked about for one change.
const maxAsked = 100

// addition is a dependency that a manifest of the head has and the same
// manifest of the base has not.
type addition struct {
	manifest.Dependency
	place
	file manifest.File
	was  manifest.File // the same manifest at the base; empty when it is new
	seen bool          // the base knows the name from elsewhere
}

// delta gives the dependencies that are new to their manifest, and points at
// versions that jump.
func (j *judgement) delta() []addition {
	var out []addition
	known := map[manifest.Ecosystem]map[string]bool{}
	for _, f := range j.changedManifests() {
		head, was := j.head.files[f.Path], j.base.files[before(f)]
		if head.Lock {
			continue
		}
		e := head.Ecosystem
		if known[e] == nil {
			known[e] = j.base.names(e)
		}
		old := byName(was)
		for _, d := range head.Dependencies {
			at := place{path: f.Path, line: d.Line, name: d.Name}
			name := manifest.Normal(e, d.Name)
			if o, had := old[name]; had {
				j.jump(at, o, d)
				old[name] = d // raised twice in one manifest is raised once
				continue
			}
			old[name] = d // named twice in one manifest is new once
			out = append(out, addition{Dependency: d, place: at, file: head, was: was, seen: known[e][name]})
		}
	}
	return out
}

func byName(f manifest.File) map[string]manifest.Dependency {
	out := map[string]manifest.Dependency{}
	for _, d := range f.Dependencies {
		name := manifest.Normal(f.Ecosystem, d.Name)
		if _, had := out[name]; !had {
			out[name] = d
		}
	}
	return out
}

// before gives the path that a changed file had at the base.
func before(f change.File) string {
	if f.OldPath != "" {
		return f.OldPath
	}
	return f.Path
}

// changedManifests gives the changed files that the head's manifests and
// lockfiles are among, without what tests read and without foreign code.
func (j *judgement) changedManifests() []change.File {
	var out []change.File
	for _, f := range j.s.Change.Files {
		if _, ok := j.head.files[f.Path]; ok && !aside(f.Path) {
			out = append(out, f)
		}
	}
	return out
}

// jump points at a constraint whose first number has risen.
func (j *judgement) jump(at place, was, now manifest.Dependency) {
	from, to := major(was.Version), major(now.Version)
	if now.Kind == manifest.Indirect || from < 0 || to <= from {
		return
	}
	j.find(evidence.Context, "major", at, "", fmt.Sprintf("%s raises %s from version %s to %s, a new major version.", at, now.Name, was.Version, now.Version))
}

// major gives the first number of a constraint that keeps to it, or -1. A
// lower bound alone keeps to nothing.
func major(constraint string) int {
	m := regexp.MustCompile(`^\s*(?:[v^~=]|==|~=|~>)*\s*v?(\d{1,6})(?:\.|$)`).FindStringSubmatch(constraint)
	if m == nil || strings.ContainsAny(constraint, ",|") {
		return -1
	}
	n, _ := strconv.Atoi(m[1]) // digits, and few of them
	return n
}

// ask asks the registry about dependencies that are new to the repository.
func (j registryRules) ask(ctx context.Context, news []addition) error {
	var unknown []string
	why := "no registry is configured"
	asked := 0
	for _, a := range news {
		if a.seen || a.Source != manifest.Registry || a.Kind == manifest.Tool {
			continue
		}
		if j.registry == nil || asked == maxAsked {
			unknown = append(unknown, a.Name)
			continue
		}
		asked++
		name := a.Name
		if a.Replace != "" {
			name = a.Replace
		}
		answer, err := j.registry.Look(ctx, string(a.Ecosystem), name, exact(a.Dependency))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || !answer.Known {
			unknown = append(unknown, a.Name)
			why = "the registry gave no answer"
			if err != nil {
				why = err.Error()
			}
			continue
		}
		j.answered(a, name, answer)
	}
	if len(unknown) > 0 {
		j.leave("whether the new dependencies %s exist, and since when: %s", quoteAll(unknown), check.Clip(why, 300))
	}
	return nil
}

func (j registryRules) answered(a addition, name string, answer Answer) {
	view := viewCommand(a.Ecosystem, name, exact(a.Dependency))
	switch age := j.now().Sub(answer.First); {
	case !answer.Exists:
		j.find(evidence.Gate, "missing", a.place, view, fmt.Sprintf("%s adds the dependency %s, and the registry has no package of that name.", a.place, name))
	case !answer.HasVersion:
		j.find(evidence.Gate, "missing_version", a.place, view, fmt.Sprintf("%s adds %s at version %s, and the registry does not have that version.", a.place, name, exact(a.Dependency)))
	case !answer.First.IsZero() && age < young:
		j.find(evidence.Locator, "young", a.place, view, fmt.Sprintf("%s adds %s, which was first published %d days ago.", a.place, name, int(age.Hours()/24)))
	}
}

// exact gives the one version that a constraint allows, or "".
func exact(d manifest.Dependency) string {
	version := strings.TrimPrefix(strings.TrimSpace(d.Version), "==")
	if d.Ecosystem == manifest.Cargo { // a bare version is a range there
		version = strings.TrimPrefix(version, "=")
		if version == d.Version {
			return ""
		}
	}
	if !regexp.MustCompile(`^v?\d+(\.\d+)+([-+.]?[0-9A-Za-z.+-]+)?$`).MatchString(version) || strings.HasSuffix(version, ".x") {
		return ""
	}
	return version
}

// viewCommand gives the ecosystem's own command that asks for a package.
func viewCommand(e manifest.Ecosystem, name, version string) string {
	var argv []string
	switch e {
	case manifest.Go:
		argv = []string{"go", "list", "-m", name + "@" + orLatest(version)}
	case manifest.NPM:
		argv = []string{"npm", "view", name + "@" + orLatest(version), "name", "version"}
	case manifest.PyPI:
		argv = []string{"pip", "index", "versions", name}
	case manifest.Cargo:
		argv = []string{"cargo", "info", name}
	case manifest.Maven:
		argv = []string{"mvn", "dependency:get", "-Dartifact=" + name + ":" + orLatest(version)}
	}
	return plan.Command{Argv: argv}.String()
}

func orLatest(version string) string {
	if version == "" {
		return "latest"
	}
	return version
}

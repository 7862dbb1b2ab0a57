package creep

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

const (
	// maxForeign is how many files of another sort are pointed at; more of
	// them are what the change is about.
	maxForeign = 2
	// maxOthers is how many other files a change may have for one of another
	// sort to be out of place. Larger changes touch a bit of everything.
	maxOthers = 12
	// alikeStems is how many stems two files must share to have something to
	// do with each other when they share no name of their own.
	alikeStems = 2
)

var (
	deployFile   = check.Lazy(`(?i)^(?:.*\.(?:tf|tfvars|hcl|nomad|bicep|service|timer)|dockerfile(?:\..+)?|.*\.dockerfile|(?:docker-)?compose(?:[.-].+)?\.ya?ml|procfile|fly\.toml|vercel\.json|netlify\.toml|render\.yaml|app\.yaml|serverless\.ya?ml|nginx.*\.conf|.*\.nginx|caddyfile|vagrantfile|chart\.yaml|kustomization\.ya?ml|skaffold\.ya?ml|cloudbuild\.ya?ml|ansible\.cfg|playbook.*\.ya?ml)$`)
	ciFile       = check.Lazy(`(?i)^(?:\.github/workflows/.*|\.gitlab-ci\.yml|\.circleci/.*|\.travis\.yml|\.drone\.yml|azure-pipelines.*\.ya?ml|(?:.*/)?jenkinsfile|\.buildkite/.*|bitbucket-pipelines\.yml|appveyor\.yml)$`)
	licenceFile  = check.Lazy(`(?i)^(?:licen[cs]e|copying|notice)(?:[.-].*)?$`)
	settingsFile = check.Lazy(`(?i)\.(?:ya?ml|toml|ini|conf|cfg|cnf|env|properties|json|jsonc|xml)$`)
	// spread are folders whose files belong to code elsewhere.
	spread = check.Lazy(`(?i)(?:^|/)(?:i18n|l10n|locales?|lang|langs|languages|translations?|messages|schemas?|openapi|swagger|api|apis|assets|static|public|data|examples?|samples?|demos?|docs?|website|site|resources|test[^/]*|__[^/]*__|testing|e2e|fixtures?|snapshots?|benchmarks?|migrations?|\.changeset|changes|newsfragments|changelog[^/]*)/`)
	// aboutAll are words of messages that are about the making of a project
	// rather than about what it does, or about all of it.
	aboutAll = check.Lazy(`(?im)\b(?:deploy\w*|terraform|k8s|kube\w*|helm|docker\w*|containers?|containeri\w+|infra\w*|ci|cd|pipelines?|workflows?|releas\w*|config\w*|settings?|envs?|environments?|cluster|charts?|licen[cs]\w*|copyright|builds?|bump\w*|versions?|upgrad\w*|deps?|dependenc\w*|base image|renam\w*|migrat\w*|everywhere|across|repos?|repositor\w+|setup|set up|init|initial commit|scaffold\w*|chores?|lint\w*|reformat\w*|formatting|tooling|monorepo|packaging|publish\w*|dev|prod|production|staging|servers?|provision\w*|clean-?ups?|misc\w*|various|wip|revert\w*)\b|^(?:merge|sync)\b`)
)

// sortOf names the sort of a file that is not code and is kept apart from it:
// how the project is delivered, built or licensed, or settings. It is empty
// for all others.
func sortOf(p string) string {
	base := path.Base(p)
	folders := strings.Split(strings.ToLower(path.Dir(p)), "/")
	deploys := slices.ContainsFunc(folders, func(f string) bool {
		return slices.Contains([]string{"terraform", "k8s", "kubernetes", "helm", "charts", "deploy", "deployment", "deployments", "infra", "infrastructure", "ansible", "kustomize", "ops", "docker", "nomad", "pulumi", "cloudformation", "argocd", "systemd"}, f)
	})
	switch {
	case ciFile.MatchString(p):
		return "says how the project is built"
	case deployFile.MatchString(base) || deploys && !change.Classify(p, nil).Document:
		return "says how the project is deployed"
	case licenceFile.MatchString(base):
		return "is a licence"
	case settingsFile.MatchString(base) && path.Dir(p) != "." && !spread.MatchString(p) && !strings.HasPrefix(base, "."):
		return "holds settings"
	}
	return ""
}

// foreign points at files of another sort than the rest of the change, when
// all signs agree that they are no part of it: no name in common with any
// other file, no folder in common, and not a word of them in what was asked
// for.
func foreign(s *check.Subject, units []*unit) []evidence.Finding {
	text := asked(s.Request)
	said := newVocabulary(plainWords())
	said.take(text)
	if len(said.stems) == 0 || aboutAll.MatchString(text) || len(units) > maxOthers+maxForeign {
		return nil
	}
	var apart, rest []*unit
	for _, u := range units {
		switch {
		case sortOf(u.file.Path) != "" && !u.code:
			apart = append(apart, u)
		case u.code || u.class.Test:
			rest = append(rest, u)
		}
	}
	if len(rest) == 0 || len(apart) > maxForeign {
		return nil
	}
	var out []evidence.Finding
	for _, u := range apart {
		if !u.differs() || named(u, said, text) || slices.ContainsFunc(rest, func(o *unit) bool { return belongs(u, o) }) {
			continue
		}
		start, end := span(u.patch)
		out = append(out, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: "unrelated", Level: evidence.Locator, Grade: evidence.Observed, Path: u.file.Path, StartLine: start, EndLine: end,
			Message: fmt.Sprintf("%s %s and %s: %s does not speak of it, and nothing else in the change has a name or a folder in common with it.",
				check.ShowPath(u.file.Path), sortOf(u.file.Path), did(u.file.Status), whose(s.Request)),
			Reproduce: check.DiffCommand(s.Request.Base.Tree, s.Request.Head.Tree, u.file.Path),
		}, u.anchor()))
	}
	return out
}

// differs reports whether more changed than white space and versions.
func (u *unit) differs() bool {
	if u.class.Lockfile || u.class.Manifest || u.class.Fixture || u.file.Status == change.Renamed {
		return false
	}
	return u.file.Status == change.Deleted || slices.ContainsFunc(u.patch.Hunks, func(h change.Hunk) bool { return !onlySpace(h, u.file.Path) && !onlyVersion(h) })
}

// named reports whether a text speaks of a file: of a folder on its way, of
// its name, or of what its changed lines hold.
func named(u *unit, said vocabulary, text string) bool {
	way := newVocabulary(said.plain)
	way.take(strings.NewReplacer("/", " ", ".", " ", "-", " ").Replace(u.file.Path + " " + u.file.OldPath))
	inPath, stemsInPath := way.shares(said)
	whole, stems := u.words.shares(said)
	return inPath+stemsInPath+whole+stems > 0 || strings.Contains(text, path.Base(u.file.Path))
}

// belongs reports whether a file of another sort has something to do with a
// file of code: a folder that holds both below the root, a name of its own, or
// several words.
func belongs(u, code *unit) bool {
	a, b := path.Dir(u.file.Path), path.Dir(code.file.Path)
	if a == b || a != "." && strings.HasPrefix(b+"/", a+"/") || b != "." && strings.HasPrefix(a+"/", b+"/") {
		return true
	}
	if top, _, ok := strings.Cut(a, "/"); ok && strings.HasPrefix(b+"/", top+"/") && strings.Count(a, "/") > 1 {
		return true
	}
	whole, stems := u.words.shares(code.words)
	return whole > 0 || stems >= alikeStems || stemOf(u.file.Path) == stemOf(code.file.Path)
}

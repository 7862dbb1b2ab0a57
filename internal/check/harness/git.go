package harness

import (
	"context"
	"fmt"
	"path"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// submodule points at a submodule that is new or goes elsewhere.
func (j gitRules) submodule(c change.File) {
	if ofTask(j.s.Request) || c.NewMode != change.ModeSubmodule {
		return
	}
	f := &file{File: c}
	if c.OldMode == change.ModeSubmodule {
		j.find(evidence.Context, "submodule", f, change.Line{Text: c.NewBlob}, "is a submodule that moves to another commit, which is not part of the change")
		return
	}
	j.find(evidence.Locator, "submodule", f, change.Line{Text: c.NewBlob}, "is a new submodule: what it brings in is not part of the change and cannot be judged")
}

// link looks at where a symbolic link leads.
func (j gitRules) link(ctx context.Context, c change.File) error {
	if ofTask(j.s.Request) {
		return nil
	}
	data, _, err := j.s.HeadFile(ctx, c.Path)
	if err != nil {
		return err
	}
	target := string(data[:min(len(data), maxLine)])
	f := &file{File: c, class: change.Classify(c.Path, nil)}
	resolved := path.Join(path.Dir(c.Path), target)
	first, _, _ := strings.Cut(strings.ToLower(resolved), "/")
	switch line := (change.Line{Text: target}); {
	case !strings.HasPrefix(target, "/") && first == ".git":
		j.find(evidence.Gate, "link", f, line, "is a link into Git's own folder, to "+show(target))
	case strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "/dev/null"):
		j.find(f.quiet(evidence.Gate), "link", f, line, "is a link out of the repository, to "+show(target))
	case resolved == ".." || strings.HasPrefix(resolved, "../"):
		j.find(f.quiet(evidence.Locator), "link", f, line, "is a link that leads out of the repository, to "+show(target))
	}
	return nil
}

// settingsOfGit looks at what tells Git to run programs.
func (j gitRules) settingsOfGit(f *file) {
	for _, l := range f.added {
		switch f.base {
		case ".gitattributes", "attributes":
			j.attributes(f, l)
		case ".gitmodules":
			j.modules(f, l)
		}
		if !strings.Contains(l.Text, "git") && f.base != ".gitconfig" && f.base != "gitconfig" || f.class.Document {
			continue
		}
		pattern := j.patterns.get(`(?i)\bgit\s+(?:-\S+\s+)*config\s+(--global\s+|--system\s+)?(?:--\S+\s+)*["']?(core\.hooksPath|core\.fsmonitor|core\.sshCommand|core\.pager|core\.editor|core\.askpass|diff\.external|credential\.helper|init\.templateDir|(?:filter|diff|merge)\.\S+\.(?:clean|smudge|process|textconv|driver|command)|alias\.\S+|url\.\S+\.insteadOf)`)
		m := pattern.FindStringSubmatch(l.Text)
		if m == nil || strings.HasPrefix(strings.ToLower(m[2]), "alias.") && !strings.Contains(l.Text, "!") {
			continue
		}
		level, where := evidence.Locator, ""
		if m[1] != "" && !strings.EqualFold(m[2], "core.pager") && !strings.EqualFold(m[2], "core.editor") {
			where = " for every repository of the user"
		}
		if strings.HasPrefix(f.lower, ".github/") || f.class.Test || strings.Contains(f.base, "dockerfile") {
			level = evidence.Context // a machine of its own
		}
		j.find(level, "git_config", f, l, fmt.Sprintf("sets Git's %s%s, which makes Git run something or go elsewhere: %s", m[2], where, show(l.Text)))
	}
}

// attributes: a driver runs a program whenever Git touches such a file.
func (j gitRules) attributes(f *file, l change.Line) {
	m := j.patterns.get(`^\s*[^#\s]\S*\s.*?\b(filter|merge|diff)=(\S+)`).FindStringSubmatch(l.Text)
	if m == nil {
		return
	}
	known := map[string]string{
		"filter": " lfs git-crypt nbstripout sops dvc annex crlf ident strip-notebook-output jupyternotebook tabspace blackbox ",
		"merge":  " ours union binary text npm-merge-driver yarn lockfile nbdime jupyternotebook ",
		"diff":   " lfs golang python ruby rust java javascript typescript css html cpp csharp php markdown tex bibtex kotlin elixir perl bash ada dts fortran fountain matlab objc pascal scheme jupyternotebook astextplain git-crypt sopsdiffer sqlite3 exif lockb docx odt text binary ",
	}
	switch {
	case strings.Contains(known[m[1]], " "+m[2]+" "):
	case m[1] == "filter":
		j.find(f.quiet(evidence.Gate), "git_driver", f, l, fmt.Sprintf("gives files to the filter %s: where it is set up, Git runs it on every checkout", m[2]))
	default:
		j.find(f.quiet(evidence.Locator), "git_driver", f, l, fmt.Sprintf("gives files to the %s driver %s, a program that Git runs by itself", m[1], m[2]))
	}
}

func (j gitRules) modules(f *file, l change.Line) {
	m := j.patterns.get(`^\s*(url|path|update)\s*=\s*(.*?)\s*$`).FindStringSubmatch(l.Text)
	if m == nil {
		return
	}
	value := strings.Trim(m[2], `"'`)
	lower := strings.ToLower(value)
	switch {
	case m[1] == "update" && strings.HasPrefix(value, "!"), strings.HasPrefix(value, "-"),
		strings.Contains(lower, "ext::"), strings.HasPrefix(lower, "fd::"), m[1] == "url" && strings.HasPrefix(lower, "file:"),
		m[1] == "url" && strings.HasPrefix(value, "/"), m[1] == "path" && strings.Contains(value, ".."), strings.Contains(lower, "%0a"):
		j.find(f.quiet(evidence.Gate), "submodule", f, l, fmt.Sprintf("gives a submodule the %s %s, which makes Git run a command or leave the repository", m[1], show(value)))
	case m[1] == "url" && ofTask(j.s.Request):
	case m[1] == "url":
		j.find(f.quiet(evidence.Locator), "submodule", f, l, "takes a submodule from "+show(value))
	}
}

// hooks looks at scripts that Git runs by itself, and at what manages them.
func (j gitRules) hooks(f *file) {
	if !isHook(f) && !isHookManager(f.base) {
		return
	}
	for _, l := range f.added {
		if what := j.reaches(l.Text); what != "" && !strings.HasPrefix(strings.TrimSpace(l.Text), "#") {
			j.find(f.quiet(evidence.Gate), "hook", f, l, fmt.Sprintf("makes a Git hook reach the network or run hidden code on every developer's machine (%s)", show(what)))
		}
	}
	if isHook(f) && f.Status == change.Added && j.patterns.get(`^post-(checkout|merge|rewrite|commit|applypatch)$|^(fsmonitor-watchman|reference-transaction|post-index-change)$`).MatchString(f.base) {
		j.find(f.quiet(evidence.Locator), "hook", f, change.Line{Text: "new"}, "is a hook that Git runs by itself after each "+strings.TrimPrefix(f.base, "post-")+", on every machine that sets these hooks up")
	}
}

// isHook: a script in a folder of hooks, or with the name of one.
func isHook(f *file) bool {
	folder := "/" + path.Dir(f.lower) + "/"
	return !f.class.Document && (strings.Contains(folder, "/.husky/") || strings.Contains(folder, "/.githooks/") || strings.Contains(folder, "/.git-hooks/") || strings.Contains(folder, "/git-hooks/") ||
		strings.HasSuffix(folder, "/hooks/") && isHookName(f.base))
}

func isHookName(base string) bool {
	switch base {
	case "pre-commit", "pre-push", "commit-msg", "prepare-commit-msg", "post-checkout", "post-merge", "post-commit", "post-rewrite", "pre-rebase", "pre-receive", "update", "post-receive", "applypatch-msg", "pre-merge-commit", "post-applypatch", "fsmonitor-watchman", "reference-transaction":
		return true
	}
	return false
}

func isHookManager(base string) bool {
	switch base {
	case "lefthook.yml", "lefthook.yaml", ".lefthook.yml", ".lefthook.yaml", "lefthook-local.yml", ".pre-commit-config.yaml", ".pre-commit-config.yml", ".pre-commit-hooks.yaml", ".overcommit.yml", ".huskyrc", ".huskyrc.json", "captainhook.json", ".simple-git-hooks.json":
		return true
	}
	return false
}

package plans

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/source/repomap"
	"muster/internal/source/repomap/draft"
)

const (
	// historyDays is how far back a look at a repository goes, before the
	// commit that is looked at.
	historyDays = 365

	configFile = ".muster/config.yaml"

	measureOut = 32 << 10 // bytes of output kept of a command that is measured
)

// Draft is the wish for a first plan, with what it is made from.
type Draft struct {
	Name  string // empty takes plan-1, or the next number that is free
	Place git.Place
	Repo  *git.Repo
	Found func(job.Agent) bool // reports whether an agent can be started here

	// Config reads the configuration at a commit.
	Config func(ctx context.Context, commit string) (config.Config, error)

	// Measure runs the commands that build and test; nil runs nothing. Ready
	// is told of them before the first runs.
	Measure check.Exec
	Ready   func(lines []string)
}

// Drafted is a plan that was written.
type Drafted struct {
	Path     string            `json:"path"` // from the root of the repository
	Name     string            `json:"name"`
	Target   string            `json:"target,omitempty"`
	Commit   string            `json:"commit"` // that was looked at
	Map      repomap.Map       `json:"map"`
	Accept   []repomap.Command `json:"accept"` // what the plan's acceptance rests on
	Agents   []draft.Agent     `json:"agents"`
	Agent    string            `json:"agent,omitempty"` // named by the plan, as the default one is not here
	Measured []draft.Measured  `json:"measured,omitempty"`
	SetUp    []string          `json:"setup,omitempty"` // lines for the configuration that install once for all worktrees
	Warnings []string          `json:"warnings,omitempty"`
}

// Write writes a plan for the repository into its folder of plans, never over
// a file that is there. It looks at the commit that is checked out, since
// agents see nothing else.
func Write(ctx context.Context, w Draft) (Drafted, error) {
	if w.Place.TopLevel == "" {
		return Drafted{}, fault.New(fault.Refused, "write a plan in %s: it is a bare repository, without a folder to write in", w.Place.Name).
			WithHint("run it in a clone, or write the plan anywhere and name its file: muster run FILE")
	}
	target, base, err := targetOf(ctx, w.Repo)
	if err != nil {
		return Drafted{}, fault.Wrap(fault.Internal, err, "write a plan for %s", w.Place.Name)
	}
	name, err := nameOf(ctx, w)
	if err != nil {
		return Drafted{}, err
	}
	c, err := w.Config(ctx, base.Commit)
	if err != nil {
		return Drafted{}, err
	}
	out := Drafted{Path: Folder + "/" + name + ".yaml", Name: name, Target: target, Commit: base.Commit}
	if out.Map, out.Warnings, err = mapOf(ctx, w.Repo, base); err != nil {
		return out, err
	}
	out.Accept = append([]repomap.Command{}, draft.Acceptance(out.Map)...)
	in := draft.Input{Name: name, Target: target, From: fmt.Sprintf("%.12s", base.Commit), Map: out.Map}
	if target != "" {
		in.From = target + " at " + in.From
	} else {
		out.Warnings = append(out.Warnings, "no branch is checked out, so the plan names no target: write target: BRANCH in it before you run it")
	}
	in.Agents, in.Default, in.Agent = agentsHere(c, w.Found)
	if in.Config, err = configOf(ctx, w.Repo, base.Tree, c); err != nil {
		return out, err
	}
	out.Agents, out.Agent, out.SetUp = in.Agents, in.Agent, draft.SetUp(in)
	if w.Measure != nil {
		if in.Measured, err = w.measure(ctx, base, c.Checks.TimeMS, out.Accept); err != nil {
			return out, err
		}
		out.Measured = in.Measured
	}
	return out, write(w.Place.TopLevel, out.Path, draft.Plan(in))
}

// nameOf checks the name that a person gave, or finds one that is free.
func nameOf(ctx context.Context, w Draft) (string, error) {
	taken := Names(w.Place.TopLevel)
	if w.Name == "" {
		for n := 1; ; n++ {
			name := "plan-" + strconv.Itoa(n)
			if _, err := w.Repo.Resolve(ctx, "refs/heads/muster/"+name); err != nil && !slices.Contains(taken, name) {
				return name, nil
			}
		}
	}
	name := strings.TrimSuffix(strings.TrimPrefix(w.Name, Folder+"/"), ".yaml")
	if fail := plan.ValidName(name); fail != "" {
		e := fault.New(fault.Invalid, "name the plan %q: %s", name, fail)
		if good := nameLike(name); good != "" {
			return "", e.WithHint("for example: muster plan new %s", good)
		}
		return "", e.WithHint("%s", plan.NameRule)
	}
	if slices.Contains(taken, name) {
		return "", fault.New(fault.Conflict, "write the plan %s: %s/%s.yaml is there already", name, Folder, name).
			WithHint("run that one: muster run %s; or choose another name: muster plan new %s-2", name, name)
	}
	return name, nil
}

// nameLike makes a name of a plan of what a person typed, or gives "".
func nameLike(text string) string {
	s := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(text), "-")
	s = strings.Trim(s[:min(len(s), 60)], "-")
	if plan.ValidName(s) != "" {
		return ""
	}
	return s
}

// targetOf gives the branch the plan will be for, and where to look: the
// branch that is checked out, else main or master, else none.
func targetOf(ctx context.Context, repo *git.Repo) (string, change.Point, error) {
	ref, base, err := repo.Target(ctx, "")
	if err == nil {
		return strings.TrimPrefix(ref, "refs/heads/"), base, nil
	}
	if fault.KindOf(err) != fault.Invalid { // nothing is committed yet
		return "", base, err
	}
	if base, err = repo.Resolve(ctx, "HEAD"); err != nil {
		return "", base, err
	}
	for _, name := range []string{"main", "master"} {
		if _, _, err := repo.Target(ctx, name); err == nil {
			return name, base, nil
		}
	}
	return "", base, nil
}

// mapOf looks at a commit and the history before it.
func mapOf(ctx context.Context, repo *git.Repo, at change.Point) (repomap.Map, []string, error) {
	entries, err := repo.Files(ctx, at.Tree)
	if err != nil {
		return repomap.Map{}, nil, err
	}
	in := repomap.Input{Texts: map[string][]byte{}}
	for _, e := range entries {
		if e.Mode == change.ModeFile || e.Mode == change.ModeExecutable {
			in.Paths = append(in.Paths, e.Path)
		}
	}
	for _, p := range repomap.Wanted(in.Paths) {
		// A file that cannot be read is one that says nothing.
		if data, ok, err := repo.ReadFile(ctx, at.Tree, p); err == nil && ok && len(data) <= repomap.MaxText {
			in.Texts[p] = data
		}
		if err := ctx.Err(); err != nil {
			return repomap.Map{}, nil, fault.Wrap(fault.Transient, err, "look at %s", at.Commit)
		}
	}
	logged, err := git.History(ctx, repo, at.Commit, historyDays)
	var warnings []string
	if err != nil {
		warnings = append(warnings, "the history could not be read, so no file is named as mended often: "+err.Error())
	}
	for _, c := range logged {
		in.Commits = append(in.Commits, repomap.Commit{Subject: c.Subject, Paths: c.Paths})
	}
	return repomap.Look(in), warnings, nil
}

// configOf says what the tree has of a configuration, of which c was read.
func configOf(ctx context.Context, repo *git.Repo, tree string, c config.Config) (draft.Config, error) {
	if len(c.SetUp.Run) > 0 {
		return draft.WithSetUp, nil
	}
	_, is, err := repo.ReadFile(ctx, tree, configFile)
	if err != nil || !is {
		return draft.NoConfig, err
	}
	return draft.WithoutSetUp, nil
}

// agentsHere gives the agents of the configuration, the one that a first task
// would go to, and another one to name in its place where that is not
// installed and the other is.
func agentsHere(c config.Config, found func(job.Agent) bool) (all []draft.Agent, chosen, instead string) {
	if g, ok := c.Choose(plan.Task{Type: plan.Test}); ok {
		chosen = g.Name
	}
	here := false
	for _, g := range c.Agents {
		is := found(g)
		all = append(all, draft.Agent{Name: g.Name, Found: is})
		switch {
		case g.Name == chosen:
			here = is
		case is && instead == "":
			instead = g.Name
		}
	}
	if here {
		instead = ""
	}
	return all, chosen, instead
}

// measure runs commands one after another in a copy of the commit, as the
// checks of a task will, within the time that the checks of a change have.
func (w Draft) measure(ctx context.Context, at change.Point, leftMS int64, commands []repomap.Command) ([]draft.Measured, error) {
	var lines []string
	for _, c := range commands {
		lines = append(lines, c.Line)
	}
	if w.Ready != nil {
		w.Ready(lines)
	}
	dir, release, err := w.Repo.Lease(ctx, at.Tree)
	if err != nil {
		return nil, err
	}
	defer release()
	var out []draft.Measured
	for _, line := range lines {
		command := check.Command(plan.Command{Shell: line}, dir, nil)
		command.LimitMS, command.OutputCap = max(leftMS, 1), measureOut
		ran := check.Do(ctx, w.Measure, command)
		if ctx.Err() != nil {
			return out, fault.Wrap(fault.Transient, ctx.Err(), "measure %s", line)
		}
		m := draft.Measured{Line: line, MS: ran.Output.DurationMS, OK: ran.Why == "" && ran.Output.Code == 0, Why: ran.Why}
		switch {
		case ran.Output.TimedOut:
			m.Why = "not done within the time that checks have (checks.time)"
		case m.Why == "" && !m.OK:
			m.Why = fmt.Sprintf("exit code %d", ran.Output.Code)
		}
		out = append(out, m)
		if leftMS -= m.MS; leftMS <= 0 {
			break
		}
	}
	return out, nil
}

// write makes the file. Links of the repository are not followed out of it,
// and what is there stays.
func write(top, name, text string) error {
	root, err := os.OpenRoot(top)
	if err != nil {
		return fault.Wrap(fault.Refused, err, "open %s", top)
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fault.WithHint(fault.Wrap(fault.Refused, err, "make %s in %s", path.Dir(name), top), "make the folder yourself, or remove what stands in its place")
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "write the plan %s: it is there already", name).WithHint("choose another name: muster plan new NAME")
	}
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	return fault.WithHint(fault.Wrap(fault.Refused, err, "write the plan %s", name), "see that the folder can be written and the disk is not full")
}

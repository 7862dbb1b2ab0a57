package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"muster/internal/app/plans"

	"muster/internal/adapter/git"
	"muster/internal/app/outside"
	"muster/internal/check"
	"muster/internal/check/battery"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/policy"
	"muster/internal/core/report"
	"muster/internal/core/yamlfile"
)

// Depth says which checks judge.
type Depth string

// The depths of a judgement.
const (
	Whole      Depth = "whole"
	StaticOnly Depth = "static" // nothing of the repository's code runs
)

// Progress is the beginning or the end of one check.
type Progress = check.Progress

// Wanted is the wish to have a change judged.
type Wanted struct {
	Range  string // as git.Repo.Range reads it; empty means the work tree
	New    string // instead: everything up to this commit that the default branch has not
	Depth  Depth
	TimeMS int64  // for all checks; 0 means what the configuration says
	Claim  string // what is said of the change; empty means the commits' messages
	Watch  func(Progress)
}

// Judged is a verdict with what is needed to show it.
type Judged struct {
	report.Verdict
	Empty    bool              // nothing differs
	Feedback string            // with the route rework: what the author is told
	Warnings []string          // about the configuration
	Frames   map[string][]Line // lines of the head around a finding that is put first, by the finding's id
}

// Line is one line of a file.
type Line struct {
	Number int
	Text   string
	Marked bool // the finding is about it
}

// Judge judges a change of the repository, without a run, an agent or a plan.
// What controls the gate is read from the base.
func (s *Session) Judge(ctx context.Context, w Wanted) (Judged, error) {
	repo, err := s.git(ctx)
	if err != nil {
		return Judged{}, err
	}
	between, err := rangeOf(ctx, repo, w)
	if err != nil {
		return Judged{}, err
	}
	base := point(between.Base)
	c, warnings, err := plans.Config(ctx, repo, base)
	if err != nil {
		return Judged{}, err
	}
	if w.Depth != StaticOnly {
		if _, err := s.walls.Confines(ctx, c.Sandbox); err != nil {
			return Judged{}, err
		}
	}
	out := Judged{Warnings: warnings, Frames: map[string][]Line{}}
	if between.Head.Commit == "" {
		if text := plans.Uncommitted(ctx, repo, base, s.place.TopLevel); text != "" {
			out.Warnings = append(out.Warnings, text)
		}
	}
	req, err := rangeRequest(ctx, repo, between, c, w)
	if err != nil {
		return out, err
	}
	if w.Depth != StaticOnly {
		if req.SetUp = c.SetUp; len(c.SetUp.Run) > 0 {
			// What is installed in the person's folder is not what the set-up makes.
		} else if req.Links, err = outside.Links(ctx, repo, s.place.TopLevel, req.Head.Tree); err != nil {
			return out, err
		}
	}
	checks, err := runner(s, repo, w)
	if err != nil {
		return out, err
	}
	e, err := checks.Judge(ctx, req)
	if err != nil {
		return out, err
	}
	byBase, err := readDismissed(ctx, repo, base)
	if err != nil {
		return out, err
	}
	byHead, err := readDismissed(ctx, repo, point(between.Head))
	if err != nil {
		// The change may hold anything: its own list counts for nothing then.
		out.Warnings, byHead = append(out.Warnings, err.Error()), nil
	}
	e, dismissed := policy.Dismiss(e, byBase, byHead)
	v := policy.Decide(evidence.OfRange, e, nil)
	out.Verdict, out.Feedback = report.NewVerdict(e, v, dismissed), v.Feedback
	out.Base, out.Head, out.Notes = between.Base.Commit, between.Head.Commit, between.Notes
	out.Empty = between.Base.Tree == between.Head.Tree
	if out.ConfigDigest, err = digestOf(c); err != nil {
		return out, err
	}
	out.frame(ctx, repo)
	return out, keepVerdict(s, out.Verdict)
}

func rangeOf(ctx context.Context, repo *git.Repo, w Wanted) (git.Between, error) {
	if w.New != "" {
		return repo.NewSince(ctx, w.New)
	}
	return repo.Range(ctx, w.Range)
}

// rangeRequest says what the evidence on a range may depend on.
func rangeRequest(ctx context.Context, repo *git.Repo, b git.Between, c config.Config, w Wanted) (evidence.Request, error) {
	r := evidence.Request{
		Subject: evidence.OfRange, Base: b.Base, Head: b.Head, Build: c.Checks.Build, Protect: c.Protect,
		MaxLines: c.Checks.MaxLines, MaxFiles: c.Checks.MaxFiles, TimeMS: c.Checks.TimeMS, Claim: w.Claim, Linters: c.Checks.External,
		Sandbox: c.Sandbox,
	}
	if w.TimeMS > 0 {
		r.TimeMS = w.TimeMS
	}
	if w.Depth == StaticOnly {
		r.Linters = nil
	}
	var err error
	if r.Claim == "" {
		r.Claim, err = repo.Messages(ctx, b.Base, b.Head)
	}
	return r, err
}

// runner makes the runner of all checks that are wanted.
func runner(s *Session, repo *git.Repo, w Wanted) (*check.Runner, error) {
	checks, parallel := battery.All(battery.Outside{Registry: s.packages}), max(runtime.NumCPU()/2, 1)
	if w.Depth == StaticOnly {
		// No build and no test takes the other cores.
		checks, parallel = battery.Static(battery.Outside{Registry: s.packages}), runtime.NumCPU()
	}
	f, err := furnished(s, repo)
	if err != nil {
		return nil, err
	}
	return check.New(check.Tools{
		Trees: f.Trees, Parser: s.parser, Exec: f.Exec, Cache: s.store, Watch: w.Watch,
	}, checks, parallel), nil
}

func readDismissed(ctx context.Context, repo *git.Repo, treeish string) ([]string, error) {
	data, ok, err := repo.ReadFile(ctx, treeish, config.DismissedPath)
	if err != nil || !ok {
		return nil, fault.Wrap(fault.Internal, err, "read %s at %s", config.DismissedPath, treeish)
	}
	list, problems := config.ParseDismissed(config.DismissedPath, data)
	return config.Fingerprints(list), yamlfile.AsError("read "+config.DismissedPath+" at "+treeish, problems)
}

func digestOf(c config.Config) (string, error) {
	c.Origin = nil
	data, err := json.Marshal(c)
	return evidence.Hash(data), fault.Wrap(fault.Internal, err, "write the configuration")
}

const frameLines = 2 // before and after

// frame reads the code around the findings that are put first. What cannot be
// read is shown without.
func (j *Judged) frame(ctx context.Context, repo *git.Repo) {
	for _, f := range j.First() {
		if f.Path == "" || f.StartLine == 0 {
			continue
		}
		data, ok, err := repo.ReadFile(ctx, j.HeadTree, f.Path)
		if err != nil || !ok {
			continue
		}
		end := max(f.EndLine, f.StartLine)
		n := 0
		for text := range strings.Lines(string(data)) {
			n++
			if n >= f.StartLine-frameLines && n <= min(end, f.StartLine+4)+frameLines {
				j.Frames[f.ID] = append(j.Frames[f.ID], Line{n, strings.TrimRight(text, "\r\n"), n >= f.StartLine && n <= end})
			}
		}
	}
}

func lastVerdict(s *Session) string { return filepath.Join(s.state, "verdict.json") }

// keepVerdict keeps the latest verdict, so that its findings can be named by
// their short ids.
func keepVerdict(s *Session, v report.Verdict) error {
	data, err := json.Marshal(v)
	if err == nil {
		tmp := lastVerdict(s) + "." + newID()
		if err = os.WriteFile(tmp, data, 0o600); err == nil {
			err = os.Rename(tmp, lastVerdict(s))
		}
	}
	return fault.Wrap(fault.Internal, err, "keep the verdict in %s", s.state)
}

// Dismissed is what Dismiss did.
type Dismissed struct {
	File    string           `json:"file"`
	Finding evidence.Finding `json:"finding"`
}

// Dismiss writes a finding of the latest judgement into the repository's list
// of dismissed findings, in the person's work tree. It counts once it is
// committed on the base.
func (s *Session) Dismiss(id, because string) (Dismissed, error) {
	if strings.TrimSpace(because) == "" {
		return Dismissed{}, fault.New(fault.Invalid, "dismiss %s: the reason is missing", id).
			WithHint("say why it is no fault: muster dismiss %s --because \"...\"", id)
	}
	if s.place.TopLevel == "" {
		return Dismissed{}, fault.New(fault.Invalid, "dismiss %s: %s has no work tree to write the list in", id, s.place.CommonDir).
			WithHint("run it in a clone with a work tree")
	}
	f, err := lastFinding(s, id)
	if err != nil {
		return Dismissed{}, err
	}
	root, err := os.OpenRoot(s.place.TopLevel)
	if err != nil {
		return Dismissed{}, fault.Wrap(fault.Internal, err, "open %s", s.place.TopLevel)
	}
	defer root.Close()
	data, err := root.ReadFile(config.DismissedPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Dismissed{}, fault.Wrap(fault.Internal, err, "read %s", config.DismissedPath)
	}
	have, problems := config.ParseDismissed(config.DismissedPath, data)
	if err := yamlfile.AsError("add to "+config.DismissedPath, problems); err != nil {
		return Dismissed{}, err
	}
	d := config.Dismissal{Fingerprint: f.Fingerprint, Check: f.Check, Path: f.Path, Because: because, By: strings.TrimPrefix(s.host.Actor(), "person:")}
	if err := root.MkdirAll(filepath.Dir(config.DismissedPath), 0o755); err != nil {
		return Dismissed{}, fault.Wrap(fault.Internal, err, "make the folder of %s", config.DismissedPath)
	}
	tmp := config.DismissedPath + ".new"
	if err := root.WriteFile(tmp, config.WriteDismissed(have, d), 0o644); err != nil {
		return Dismissed{}, fault.Wrap(fault.Internal, err, "write %s", tmp)
	}
	err = root.Rename(tmp, config.DismissedPath)
	return Dismissed{File: config.DismissedPath, Finding: f}, fault.Wrap(fault.Internal, err, "write %s", config.DismissedPath)
}

// lastFinding finds a finding of the latest judgement by its id, its
// fingerprint, or the beginning of it.
func lastFinding(s *Session, id string) (evidence.Finding, error) {
	data, err := os.ReadFile(lastVerdict(s))
	if errors.Is(err, fs.ErrNotExist) {
		return evidence.Finding{}, fault.New(fault.NotFound, "find the finding %s: nothing has been judged in this repository yet", id).
			WithHint("muster check shows findings and their ids")
	}
	var v report.Verdict
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		return evidence.Finding{}, fault.Wrap(fault.Internal, err, "read the latest verdict in %s", s.state)
	}
	var found []evidence.Finding
	for _, f := range v.Findings {
		if len(id) >= 4 && strings.HasPrefix(f.Fingerprint, id) {
			found = append(found, f)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return evidence.Finding{}, fault.New(fault.Invalid, "find the finding %s: %d findings begin so", id, len(found)).WithHint("give more of it")
	}
	return evidence.Finding{}, fault.New(fault.NotFound, "find the finding %s: the latest judgement has none of that id", id).
		WithHint("muster check --all lists findings and their ids")
}

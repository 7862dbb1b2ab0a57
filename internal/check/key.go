package check

import (
	"context"
	"slices"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// key names the computation that gives a check's result: what it reads, its
// version and its settings.
func (j *judgement) key(ctx context.Context, t *task) (string, error) {
	settings := t.check.Settings(j.req)
	if f := furnisher(j.runner.trees, j.req); f != nil && t.info.Kind == Running {
		settings = []any{settings, j.req.SetUp, f.Stamp(j.req.SetUp)}
	}
	if s := j.req.Sandbox; s != "" && s != "auto" && t.info.Kind != Static {
		settings = []any{settings, "sandbox", s, j.req.SetUp.Egress}
	}
	if k, ok := t.check.(Keyed); ok {
		s := newSubject(j.facts, j.req)
		defer s.Release()
		inputs, err := k.Inputs(ctx, s)
		if err != nil {
			return "", err
		}
		if inputs != nil {
			return evidence.Key(t.info.Name, t.info.Version, "inputs", "", []any{inputs, settings}), nil
		}
	}
	if t.info.Reads == ChangedFiles {
		return evidence.Key(t.info.Name, t.info.Version, "files", "", []any{sides(j.facts.change.Files), settings}), nil
	}
	return evidence.Key(t.info.Name, t.info.Version, j.req.Base.Tree, j.req.Head.Tree, settings), nil
}

// sides gives what identifies the changed files on both sides.
func sides(files []change.File) []change.File {
	out := slices.Clone(files)
	for i := range out {
		// They follow from the content.
		out[i].Added, out[i].Deleted, out[i].IsBinary = 0, 0, false
	}
	return out
}

// Names that stand for the two trees in a kept result, which may be used again
// for the same files in other trees.
const (
	baseName = "\x00base\x00"
	headName = "\x00head\x00"
)

// abstract replaces the names of the two trees.
func (j *judgement) abstract(res evidence.Result) evidence.Result {
	return replace(res, strings.NewReplacer(j.req.Base.Tree, baseName, j.req.Head.Tree, headName))
}

// restore puts the names of the two trees in again.
func (j *judgement) restore(res evidence.Result) evidence.Result {
	return replace(res, strings.NewReplacer(baseName, j.req.Base.Tree, headName, j.req.Head.Tree))
}

func replace(res evidence.Result, r *strings.Replacer) evidence.Result {
	res.Findings = slices.Clone(res.Findings)
	for i := range res.Findings {
		res.Findings[i].Reproduce = r.Replace(res.Findings[i].Reproduce)
	}
	return res
}

package sandbox

import (
	"context"
	"os"
	"path/filepath"

	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Try says whether this machine can confine a process in this form, by doing
// it: the error says why not. Only the level and the form count.
func (e *Executor) Try(ctx context.Context, form job.Confinement) error {
	dir, err := os.MkdirTemp("", "muster-try-*")
	if err != nil {
		return fault.Wrap(fault.Transient, err, "make a folder to try a sandbox in")
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return fault.Wrap(fault.Transient, err, "find the folder to try a sandbox in")
	}
	c := job.Confinement{Level: form.Level, Plain: form.Plain, Open: form.Open, Home: dir}
	out, err := e.Run(ctx, job.Command{Argv: []string{"/bin/sh", "-c", ":"}, Dir: dir, Confine: &c})
	if err == nil && out.Code != 0 {
		err = fault.New(fault.Refused, "a shell ends with code %d there: %s", out.Code, out.Stderr)
	}
	return err
}

// Choose gives the form of confinement to use on this machine for a level that
// was asked for: one of config's levels, of which "auto" is the best to be
// had. The form has no paths yet. It is nil for off, and for auto on a machine
// that can confine nothing; why says then what is missing. A level that was
// asked for by name and cannot be had is an error with the way to get it.
func (e *Executor) Choose(ctx context.Context, asked string) (form *job.Confinement, why string, err error) {
	var try []job.Confinement
	switch asked {
	case job.LevelOff:
		return nil, "", nil
	case job.LevelStrict:
		try = []job.Confinement{{Level: job.LevelStrict}}
	case job.LevelStandard:
		try = []job.Confinement{{Level: job.LevelStandard}, {Level: job.LevelStandard, Plain: true}}
	default:
		try = []job.Confinement{{Level: job.LevelStrict}, {Level: job.LevelStandard}, {Level: job.LevelStandard, Plain: true}}
		try[2].Open = true // without namespaces programs could not even reach servers of their own
	}
	for _, f := range try {
		terr := e.Try(ctx, f)
		if terr == nil {
			f.Open = false
			return &f, why, nil
		}
		if ctx.Err() != nil {
			return nil, "", fault.Wrap(fault.Transient, ctx.Err(), "try what the machine can confine")
		}
		if why == "" {
			why = terr.Error()
		}
	}
	if asked == job.LevelStrict || asked == job.LevelStandard {
		err := fault.New(fault.Refused, "sandbox level %s cannot be had on this machine: %s", asked, why)
		return nil, "", err.WithHint("%s", Hint)
	}
	return nil, why, nil
}

package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/adapter/hook"
	"muster/internal/app/rounds"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/policy"
)

// Hook is a host in whose hook Muster can be.
type Hook = hook.Host

// HookStatus says how a host's hook stands.
type HookStatus = hook.Status

// Hooks gives every host.
func Hooks() []Hook { return hook.Hosts() }

// The wishes about hooks.
const (
	HookLook      = "look"
	HookInstall   = "install"
	HookChain     = "chain" // install, and keep the hook of somebody else
	HookUninstall = "uninstall"
)

// ChangeHook looks at, installs or takes out Muster's hook of one host.
func ChangeHook(ctx context.Context, s *Session, h Hook, what string) (HookStatus, error) {
	path, err := git.HooksPath(ctx, s.place)
	if err != nil {
		return HookStatus{}, err
	}
	p := hook.Place{TopLevel: s.place.TopLevel, HooksDir: filepath.Join(s.place.CommonDir, "hooks"), HooksPath: path, Program: s.host.Self[0]}
	switch what {
	case HookInstall:
		return hook.Install(p, h, hook.Refuse)
	case HookChain:
		return hook.Install(p, h, hook.Chain)
	case HookUninstall:
		return hook.Uninstall(p, h)
	}
	return hook.Look(p, h)
}

// Pushed gives what is judged for the lines that Git hands to a pre-push hook:
// "local-ref local-id remote-ref remote-id". A branch that is deleted needs no
// judging; one that the remote has not seen is judged from the default branch.
func Pushed(lines string) ([]Wanted, error) {
	var out []Wanted
	for text := range strings.Lines(lines) {
		f := strings.Fields(text)
		if len(f) == 0 {
			continue
		}
		if len(f) != 4 || !isID(f[1]) || !isID(f[3]) {
			return nil, fault.New(fault.Invalid, "read what is pushed: %.80q is no line of a pre-push hook", text).
				WithHint("Git starts this command; run muster check by hand instead")
		}
		switch {
		case isZero(f[1]):
		case isZero(f[3]):
			out = append(out, Wanted{New: f[1], Depth: Whole})
		default:
			out = append(out, Wanted{Range: f[3] + ".." + f[1], Depth: Whole})
		}
	}
	return out, nil
}

func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

func isZero(s string) bool { return strings.Trim(s, "0") == "" }

// Finished is what an agent's program says when the agent believes to be done.
// The programs agree on these names.
type Finished struct {
	Session string `json:"session_id"`
	Dir     string `json:"cwd"`
	Again   bool   `json:"stop_hook_active"` // it was sent back before
	Said    string `json:"last_assistant_message"`
}

// maxBlocks is how often one session of an agent is sent back at most.
const maxBlocks = 3

// Answer is what an agent's program is told.
type Answer struct {
	Judged
	Block bool
	Text  string // for the agent when Block is set, else for the person
}

// AnswerFinished judges the work tree in which an agent believes to be done.
// Findings that block send it back; the same ones twice, or three rounds, are
// for a person, since another round would not help.
func AnswerFinished(ctx context.Context, s *Session, f Finished, w Wanted) (Answer, error) {
	w.Claim = f.Said
	j, err := s.Judge(ctx, w)
	if err != nil {
		return Answer{}, err
	}
	a, notes := Answer{Judged: j}, filepath.Join(s.state, "hooks")
	if j.Route != policy.Rework {
		if !j.Route.Lands() {
			a.Text = "muster: a person should look at this change: muster check"
		}
		return a, rounds.Forget(notes, f.Session)
	}
	open := blocking(j.Findings)
	last, err := rounds.Recall(notes, f.Session)
	if err != nil {
		return a, err
	}
	switch {
	case f.Again && slices.Equal(last.Open, open):
		a.Text = "muster: the same findings as before still block; a person has to look: muster check"
		return a, rounds.Forget(notes, f.Session)
	case f.Again && last.Count >= maxBlocks:
		a.Text = fmt.Sprintf("muster: %d rounds did not mend it; a person has to look: muster check", last.Count)
		return a, rounds.Forget(notes, f.Session)
	case !f.Again:
		last.Count = 0
	}
	a.Block, a.Text = true, j.Feedback
	return a, rounds.Remember(notes, f.Session, rounds.Noted{Count: last.Count + 1, Open: open})
}

func blocking(all []evidence.Finding) []string {
	var out []string
	for _, f := range all {
		if f.Level == evidence.Gate {
			out = append(out, f.Fingerprint)
		}
	}
	slices.Sort(out)
	return out
}

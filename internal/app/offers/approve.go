package offers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"muster/internal/core/fault"
)

// Approval is a person's yes to exactly one offer.
type Approval struct {
	AtUS int64  `json:"at_us"` // microseconds since 1970
	By   string `json:"by"`
	Hash string `json:"hash"`
	ID   string `json:"id"`
	Path string `json:"path"`
	Said string `json:"said"` // what was approved, in plain words
}

// line is one line of the file: an approval, or that it is taken back.
type line struct {
	Approval
	Revoked bool `json:"revoked,omitempty"`
}

const (
	fileName = "approvals.jsonl" // below the state folder; lines are only ever added
	maxFile  = 4 << 20           // bytes
)

// approvals gives those in force, oldest first.
func approvals(state string) ([]Approval, error) {
	data, err := os.ReadFile(filepath.Join(state, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the approvals of the repository's offers")
	}
	var out []Approval
	for text := range bytes.Lines(data) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			if !bytes.HasSuffix(text, []byte("\n")) {
				break // half written when the machine stopped
			}
			return nil, fault.WithHint(fault.Wrap(fault.Internal, err, "read the approvals in %s", filepath.Join(state, fileName)),
				"remove the line that is no JSON; what it approved has to be approved again")
		}
		out = slices.DeleteFunc(out, func(a Approval) bool { return a.Hash == l.Hash })
		if !l.Revoked {
			out = append(out, l.Approval)
		}
	}
	return out, nil
}

// Approve approves offers by their ids, all or none, as they are at the commit
// that is checked out.
func (p *Place) Approve(ctx context.Context, ids []string) ([]Approval, error) {
	list, err := p.At(ctx)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, id := range ids {
		i := slices.IndexFunc(list.Offers, func(s Status) bool { return s.ID == id })
		if i < 0 {
			return nil, fault.New(fault.Invalid, "approve %s: the repository offers nothing of that name at %.9s", id, list.Commit).WithHint("muster trust lists what there is, and how it is named")
		}
		s := list.Offers[i]
		switch {
		case s.Refused != "":
			return nil, fault.New(fault.Refused, "approve %s: %s: %s", id, s.Said, s.Refused).WithHint("give it to an agent by args in .muster/config.yaml, when you want it")
		case len(s.Given) == 0:
			return nil, fault.New(fault.Refused, "approve %s: %s: Muster knows no way to give it to %s", id, s.Said, strings.Join(s.Of, ", ")).
				WithHint("muster trust says which agents get what")
		}
		lines = append(lines, line{Approval: Approval{AtUS: time.Now().UnixMicro(), By: p.actor, Hash: s.Hash(), ID: id, Path: s.Path, Said: s.Said}})
	}
	return note(p.state, lines)
}

// Revoke takes approvals back by the ids of their offers, all or none. Agents
// that run keep what they were given.
func (p *Place) Revoke(ids []string) ([]Approval, error) {
	known, err := approvals(p.state)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, id := range ids {
		i := slices.IndexFunc(known, func(a Approval) bool { return a.ID == id })
		if i < 0 {
			return nil, fault.New(fault.Invalid, "revoke %s: nothing of that name is approved", id).WithHint("muster trust lists what is")
		}
		a := known[i]
		a.AtUS, a.By = time.Now().UnixMicro(), p.actor
		lines = append(lines, line{Approval: a, Revoked: true})
	}
	return note(p.state, lines)
}

// note adds lines to the file, durably, as one step among processes.
func note(state string, lines []line) ([]Approval, error) {
	var text bytes.Buffer
	var out []Approval
	for _, l := range lines {
		data, err := json.Marshal(l)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "write an approval")
		}
		text.Write(append(data, '\n'))
		out = append(out, l.Approval)
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "make the state folder")
	}
	f, err := os.OpenFile(filepath.Join(state, fileName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		defer f.Close()
		err = add(f, text.Bytes())
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "note the approval in %s", filepath.Join(state, fileName))
	}
	return out, nil
}

// add writes after the last whole line.
func add(f *os.File, text []byte) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	if len(data)+len(text) > maxFile {
		return errors.New("it is full: remove lines that are long over")
	}
	whole := int64(bytes.LastIndexByte(data, '\n') + 1)
	if err := f.Truncate(whole); err != nil {
		return err
	}
	if _, err := f.WriteAt(text, whole); err != nil {
		return err
	}
	return f.Sync()
}

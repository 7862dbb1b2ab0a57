// Package rounds remembers, in files of a folder, how often the session of an
// agent was sent back and with which findings.
package rounds

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"muster/internal/core/evidence"
	"muster/internal/core/fault"
)

// Noted is what is remembered of a session that was sent back.
type Noted struct {
	Count int      `json:"count"`
	Open  []string `json:"open"`
}

func file(dir, session string) string {
	return filepath.Join(dir, evidence.Hash([]byte(session))[:32]+".json")
}

// Recall gives what was noted of a session; nothing is no error.
func Recall(dir, session string) (Noted, error) {
	var r Noted
	data, err := os.ReadFile(file(dir, session))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil && json.Unmarshal(data, &r) != nil {
		return Noted{}, nil //nolint:nilerr // half written by a crash: as if there were none
	}
	return r, fault.Wrap(fault.Internal, err, "read what was found before in session %s", session)
}

// Remember notes what was found in a session.
func Remember(dir, session string, r Noted) error {
	name := file(dir, session)
	data, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err == nil {
		err = os.WriteFile(name, data, 0o600)
	}
	return fault.Wrap(fault.Internal, err, "note what was found in session %s", session)
}

// Forget takes away what was noted of a session.
func Forget(dir, session string) error {
	err := os.Remove(file(dir, session))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fault.Wrap(fault.Internal, err, "forget what was found in session %s", session)
}

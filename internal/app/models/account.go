package models

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"muster/internal/adapter/login"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Serialised has agents with a login of the person's own start one after the
// other while they may be renewing its tokens (inside.Login).
// The files are those that the process must be able to write for it. See holds the
// variables that the agent sees.
func (m *Meter) Serialised(a job.Attempt, see map[string]string, spec job.Spec) (locked job.Spec, files []string, err error) {
	account := login.Account(a.Agent, see)
	if account == "" {
		return spec, nil, nil
	}
	dir := filepath.Join(m.root, "logins") // one lock for all repositories
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return spec, nil, fault.Wrap(fault.Transient, err, "make the folder for locks of logins")
	}
	lock := filepath.Join(dir, fmt.Sprintf("%x.lock", sha256.Sum256([]byte(account)))[:32])
	argv := append(append([]string{}, m.self...), "agent-login", lock, account)
	spec.Argv = append(argv, spec.Argv...)
	return spec, []string{lock}, fault.Wrap(fault.Transient, os.WriteFile(lock, nil, 0o600), "make the lock of a login")
}

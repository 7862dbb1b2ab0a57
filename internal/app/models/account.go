package models

import (
	"os"
	"path/filepath"

	"muster/internal/adapter/login"
	"muster/internal/core/account"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// Serialised has agents that work with the person's own login, and not with a
// copy, start one after the other while they may be renewing its tokens
// (inside.Login). See holds the variables that the agent sees. The lock is
// also that of agents with copies (adapter/sandbox/renew).
func (m *Meter) Serialised(a job.Attempt, see map[string]string, spec job.Spec) (job.Spec, error) {
	file := login.Account(a.Agent, see)
	if file == "" || spec.Confine != nil || len(spec.Logins) > 0 {
		return spec, nil
	}
	dir := filepath.Join(m.root, "logins") // one lock for all repositories
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return spec, fault.Wrap(fault.Transient, err, "make the folder for locks of logins")
	}
	name := file
	if real, err := filepath.EvalSymlinks(file); err == nil {
		name = real
	}
	argv := append(append([]string{}, m.self...), "agent-login", filepath.Join(dir, account.Name(name)+".lock"), file)
	spec.Argv = append(argv, spec.Argv...)
	return spec, nil
}

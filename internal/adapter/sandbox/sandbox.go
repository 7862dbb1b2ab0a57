// Package sandbox starts untrusted processes; no other package does.
//
// There are two ways in. Operations runs what costs money (an agent's
// attempt): each operation has a folder, is started at most once by whoever
// asks, outlives Muster, and leaves one exit record. Executor runs what may be
// repeated (a check, a set-up step): it waits, returns the output, and leaves
// nothing behind.
//
// Both put a small process, the shim, between Muster and the untrusted one.
// The shim is a child subreaper: every descendant of the untrusted process,
// whatever session, process group or parent it chose, ends up below the shim.
// So the shim knows exactly when none of them lives any more, and neither an
// exit record nor a result is given out before that.
//
// An operation's folder holds
//
//	spec.json   how to start it; written once, never changed
//	lock        flocked by the shim for its whole life: held means alive
//	started     exists once somebody decided to start it; names that shim
//	stop        exists once somebody asked to stop it
//	stdout      what it wrote, up to the cap
//	stderr
//	computed  its time is when the processes were last seen to compute
//	exit.json   how it ended; exists only when no descendant lives
//	shim.log    what went wrong inside the shim; normally empty
//
// A shim that finds started but no exit record knows that the shim before it
// died. It never starts the program again: it kills what is left of it and
// records the operation as lost.
//
// A process that has a door (job.Door) finds it at an address of its own
// loopback. The shim forwards each connection to the door's socket.
package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"muster/internal/core/account"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// LevelOff says that processes run with all rights of the user who runs
// Muster.
const LevelOff = job.LevelOff

// A Probe is called by a shim at each step that matters after a crash. A test
// ends the shim there. The steps are locked, started, spawned, ended,
// survivors_killed, exit_written and exit_renamed.
type Probe func(step string)

// Files in the folder of an operation.
const (
	specFile    = "spec.json"
	lockFile    = "lock"
	startedFile = "started"
	stopFile    = "stop"
	stdoutFile  = "stdout"
	stderrFile  = "stderr"
	exitFile    = "exit.json"
	logFile     = "shim.log"
)

const (
	// markName is the environment variable that every process of an operation
	// or command inherits. By it a new shim finds what a dead one left.
	markName = "MUSTER_OP"

	// commandMode is the argument, in place of a folder, that makes a shim run
	// one command for an Executor.
	commandMode = "-"

	maxIDBytes = 200
)

// validateID says whether id can name a folder below the operations' one.
func validateID(id string) error {
	ok := id != "" && len(id) <= maxIDBytes && id[0] != '.'
	for _, r := range id {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-')
	}
	if ok {
		return nil
	}
	return fault.New(fault.Invalid, "operation id %q is not a name", id).
		WithHint("use at most %d letters, digits, '.', '_' and '-', not starting with '.'", maxIDBytes)
}

// validateSpec says whether an operation can be started as s says.
func validateSpec(s job.Spec) error {
	if err := validateID(s.ID); err != nil {
		return err
	}
	switch {
	case s.Version < 1 || s.Version > job.SpecVersion:
		return fault.New(fault.Invalid, "operation %s: spec version %d is not between 1 and %d", s.ID, s.Version, job.SpecVersion).
			WithHint("use the version of Muster that wrote it, or a newer one")
	case s.LimitMS < 0 || s.GraceMS < 0 || s.OutputCap < 0:
		return fault.New(fault.Invalid, "operation %s: a limit is negative", s.ID)
	}
	err := validateLaunch(s.Argv, s.Dir, s.Env)
	if err == nil {
		err = errors.Join(validateDoor(s.Door, s.DoorKeeper), validateConfinement(s.Confine), validateLogins(s.Logins))
	}
	return fault.Wrap(fault.Invalid, err, "operation %s", s.ID)
}

// validateDoor says whether a door can be opened as asked.
func validateDoor(d *job.Door, keeper []string) error {
	switch {
	case d != nil && !filepath.IsAbs(d.Socket):
		return fault.New(fault.Invalid, "the door's socket %q is not absolute", d.Socket)
	case len(keeper) > 0 && !filepath.IsAbs(keeper[0]):
		return fault.New(fault.Invalid, "the door's keeper %q is not absolute", keeper[0])
	}
	return nil
}

// validateLogins says whether copies of logins can be made as asked.
func validateLogins(logins []job.Login) error {
	for _, l := range logins {
		switch {
		case !account.Renews(l.Program):
			return fault.New(fault.Invalid, "the login %s is of the program %q, whose file is not known", l.File, l.Program)
		case !filepath.IsAbs(l.File) || !filepath.IsAbs(l.Root) || !filepath.IsAbs(l.Locks) || !filepath.IsLocal(l.Copy):
			return fault.New(fault.Invalid, "the login %s: its paths must be absolute, and that of the copy (%q) below its root", l.File, l.Copy)
		}
	}
	return nil
}

// validateLaunch says whether the system can be asked to start this at all.
func validateLaunch(argv []string, dir string, env []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return fault.New(fault.Invalid, "no program to start")
	}
	if !filepath.IsAbs(dir) {
		return fault.New(fault.Invalid, "working directory %q is not absolute", dir)
	}
	for _, s := range append(append([]string{dir}, argv...), env...) {
		// The text travels to the shim as JSON, which would alter what is not
		// UTF-8, and to the kernel as a C string, which ends at a zero byte.
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return fault.New(fault.Invalid, "an argument, the directory or a variable is not valid text")
		}
	}
	for i, s := range env {
		if strings.IndexByte(s, '=') <= 0 {
			// The text is not shown: it may be a secret.
			return fault.New(fault.Invalid, "environment entry %d is not NAME=value", i)
		}
	}
	return nil
}

// validateConfinement says whether a confinement can be set up as asked.
func validateConfinement(c *job.Confinement) error {
	if c == nil {
		return nil
	}
	if c.Level != job.LevelStrict && c.Level != job.LevelStandard || c.Plain && c.Level != job.LevelStandard {
		return fault.New(fault.Invalid, "confinement at level %q is not one that can be set up", c.Level)
	}
	paths := slices.Concat([]string{c.Home}, c.Writable, c.Readable, c.Hidden, c.Fixed)
	for _, p := range paths {
		if !filepath.IsAbs(p) || !utf8.ValidString(p) || strings.IndexByte(p, 0) >= 0 {
			return fault.New(fault.Invalid, "confinement: path %q is not absolute", p)
		}
	}
	return nil
}

// opMark gives the mark of the operation in folder dir, the same for every
// shim. It does not tell the agent where the folder is.
func opMark(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Base(dir) + "@" + hex.EncodeToString(sum[:12])
}

// withMark gives env with exactly one mark, in front.
func withMark(env []string, mark string) []string {
	return mergeEnv([]string{markName + "=" + mark}, env, []string{markName + "=" + mark})
}

// mergeEnv joins lists of NAME=value; of entries with the same name the last
// one counts, at the place of the first.
func mergeEnv(lists ...[]string) []string {
	var merged []string
	place := map[string]int{}
	for _, list := range lists {
		for _, entry := range list {
			name, _, _ := strings.Cut(entry, "=")
			if at, ok := place[name]; ok {
				merged[at] = entry
				continue
			}
			place[name] = len(merged)
			merged = append(merged, entry)
		}
	}
	return merged
}

// hasMark says whether environ, as the kernel gives it, carries the mark.
func hasMark(environ []byte, mark string) bool {
	entry := []byte(markName + "=" + mark)
	for rest := environ; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{0})
		if bytes.Equal(line, entry) {
			return true
		}
	}
	return false
}

// Package app puts the parts together: it opens what Muster needs for one
// repository, turns what a person wants into messages for the machines, and
// drives runs or follows another process that does.
//
// A Session is cheap to open, because most commands only read: Git and the
// engine are opened when they are first needed. All rules of how a run goes
// are in core/flow; here is only what connects them with this machine.
package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"muster/internal/adapter/agent"
	"muster/internal/adapter/git"
	"muster/internal/adapter/sandbox"
	"muster/internal/app/attest"
	"muster/internal/app/models"
	"muster/internal/app/outside"
	"muster/internal/app/telemetry"
	"muster/internal/app/walls"
	"muster/internal/check"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/source/reader"
	"muster/internal/store"
)

// Session is one repository with its ledger. Its methods may be called by
// several goroutines.
type Session struct {
	host   Host
	place  git.Place
	state  string // folder
	store  *store.Store
	ops    *sandbox.Operations
	agents agent.Set
	walls  *walls.Walls
	parser *reader.Parser

	packages *outside.Packages
	meter    *models.Meter

	repoMu sync.Mutex
	repo   *git.Repo // opened when first needed
}

// Open opens the repository that holds the host's folder. It changes nothing
// but Muster's own state folder, which it makes when there is none.
func Open(ctx context.Context, h Host) (*Session, error) {
	place, err := git.Locate(ctx, h.Dir)
	if err != nil {
		return nil, err
	}
	state, err := stateFolder(h, place)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, state, attest.Signing(h, state))
	if err != nil {
		return nil, err
	}
	s := &Session{
		meter: models.New(filepath.Dir(state), h.Self, h.CheckEnv()).Telling(telemetry.Variables(h.Env)),
		host:  h, place: place, state: state, store: st,
		ops:    sandbox.NewOperations(filepath.Join(state, "ops"), append(append([]string{}, h.Self...), "shim")),
		agents: agent.Set{Self: h.Self},
		parser: reader.NewParser(filepath.Join(state, "grammars")), packages: &outside.Packages{
			Env: h.Env, Has: h.Has, Dir: state,
			Exec: func() check.Exec {
				return sandbox.NewExecutor(h.CheckEnv(), append(append([]string{}, h.Self...), "shim"))
			},
		},
	}
	s.walls = walls.New(walls.Host{
		State: state, Checkout: place.TopLevel, Env: h.CheckEnv(), Shim: append(append([]string{}, h.Self...), "shim"), Door: commandDoor(s),
	})
	return s, nil
}

// commandDoor gives the doors of checks and set-ups, which all of a repository
// share while they may reach the same hosts.
func commandDoor(s *Session) func(context.Context, []string) (*job.Door, []string, []string, error) {
	return func(ctx context.Context, hosts []string) (door *job.Door, keeper, env []string, err error) {
		sum := sha256.Sum256([]byte(s.state + "\x00" + strings.Join(hosts, "\x00")))
		if door, keeper, err = s.meter.Plain(ctx, "commands-"+hex.EncodeToString(sum[:8]), hosts, ""); err == nil {
			env, err = s.packages.DoorEnv(ctx)
		}
		return door, keeper, env, err
	}
}

// Close gives back what the session holds. Agents that run go on.
func (s *Session) Close() error {
	s.repoMu.Lock()
	defer s.repoMu.Unlock()
	if s.repo != nil {
		_ = s.repo.Close()
		s.repo = nil
	}
	s.meter.Close()
	return errors.Join(s.walls.Close(), s.parser.Close(), s.store.Close())
}

// State is the folder that holds the ledger and all else of this repository.
func (s *Session) State() string { return s.state }

// Place says where the repository is.
func (s *Session) Place() git.Place { return s.place }

// git opens the repository when it is first needed.
func (s *Session) git(ctx context.Context) (*git.Repo, error) {
	s.repoMu.Lock()
	defer s.repoMu.Unlock()
	if s.repo == nil {
		r, err := git.Open(ctx, s.host.Dir, s.state)
		if err != nil {
			return nil, err
		}
		s.repo = r
	}
	return s.repo, nil
}

// send leaves a message in the inbox and gives its id.
func (s *Session) send(ctx context.Context, to flow.Stream, p flow.Payload) (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "write %s", p.Kind())
	}
	m := flow.Message{ID: newID(), AtUS: time.Now().UnixMicro(), Actor: s.host.Actor(), To: to, Kind: p.Kind(), Data: data}
	return m.ID, s.store.Send(ctx, m)
}

// putJSON keeps v as a blob.
func (s *Session) putJSON(ctx context.Context, v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "write a blob")
	}
	return s.store.PutBlob(ctx, data)
}

// getJSON reads a blob into v.
func (s *Session) getJSON(ctx context.Context, sha string, v any) error {
	data, err := s.store.Blob(ctx, sha)
	if err != nil {
		return err
	}
	return fault.Wrap(fault.Internal, json.Unmarshal(data, v), "read blob %s", sha)
}

// newID gives a UUIDv7: ids sort by the time they were made.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// stateFolder makes the repository's own folder.
func stateFolder(h Host, place git.Place) (string, error) {
	dir, err := h.StateFolder(place.CommonDir, place.Name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		e := &fault.Error{Kind: fault.Refused, Op: "make the state folder " + dir, Err: err}
		return "", e.WithHint("make it writable, or set XDG_STATE_HOME to a folder that is")
	}
	return dir, nil
}

package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/core/fault"
)

// environmentFile is in the gateway's folder. A shim that finds no gateway
// starts one, and a shim has no environment: without this file such a gateway
// knew no proxy, no certificates of its own network, and no home for the
// programs that print keys.
const environmentFile = "environment.json"

// environment is what Muster leaves of its own environment.
type environment struct {
	Env     []string `json:"env"`
	Without []string `json:"without,omitempty"` // names of variables that hold a login
}

// Environment gives the variables that Muster left for a gateway that somebody
// else starts, and the names of those that it did not leave, because a login
// stands in them. Both are empty when Muster left nothing.
func Environment(dir string) (env, without []string, err error) {
	f, err := os.Open(filepath.Join(dir, environmentFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "read the environment of the gateway")
	}
	defer f.Close()
	var e environment
	data, err := io.ReadAll(io.LimitReader(f, maxControl))
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	for _, entry := range e.Env {
		if strings.IndexByte(entry, '=') < 1 || strings.IndexByte(entry, 0) >= 0 {
			err = errors.Join(err, errors.New("an entry is no NAME=value"))
		}
	}
	if err != nil {
		err = fault.Wrap(fault.Internal, err, "read the environment of the gateway in %s", dir)
		return nil, nil, fault.WithHint(err, "remove %s: the next run writes it anew", filepath.Join(dir, environmentFile))
	}
	return e.Env, e.Without, nil
}

// leaveEnvironment writes env for Environment, unless it stands there already.
func leaveEnvironment(dir string, env []string) error {
	e := environment{Env: []string{}}
	for _, entry := range env {
		if name, value, _ := strings.Cut(entry, "="); hasLogin(name, value) {
			e.Without = append(e.Without, name)
		} else {
			e.Env = append(e.Env, entry)
		}
	}
	had, without, err := Environment(dir)
	if err == nil && had != nil && slices.Equal(had, e.Env) && slices.Equal(without, e.Without) {
		return nil
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, environmentFile+".*") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, environmentFile))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// hasLogin says whether a variable has an address with a user in it, as proxies
// and registries may have one. Logins are never written.
func hasLogin(name, value string) bool {
	if strings.HasSuffix(strings.ToLower(name), "_proxy") {
		return strings.Contains(value, "@") // the scheme may be missing
	}
	for _, after := range strings.Split(value, "://")[1:] {
		host, _, _ := strings.Cut(after, "/")
		if strings.Contains(host, "@") {
			return true
		}
	}
	return false
}

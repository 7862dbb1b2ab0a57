// Package demo holds a small Go service, a plan for it, and a recorded agent
// for each task of the plan: everything that `muster demo` needs to show a
// whole run without an account, a model or a network.
//
// The recorded agents make the mistakes that agents make. Played in a run of
// their own they come to this:
//
//	search     lands at once
//	health     lands; the one of health and stats that lands second is given
//	stats      back once, since both add a line in the same place
//	amounts    changes an expectation so that wrong code passes; lands after feedback
//	timeouts   leaves its scope; lands after feedback
//	idle-keys  is killed in its first attempt; lands by its second
//	filter     needs search; does not compile at first; lands after feedback
//	api-docs   claims work it did not do, twice; is rejected; does it when a
//	           person has it tried again
//	ci         changes what runs in CI; waits for a person
//
// The plan itself knows nothing of this: its prompts are meant for any agent.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
)

// The folders begin with an underscore so that the go command does not take
// their files for packages of this module.
//
//go:embed demo.yaml all:_service all:_scripts
var files embed.FS

// AgentName is the agent of the extracted configuration that plays the
// scripts.
const AgentName = "scripted"

// Demo says where Extract put things. All paths are absolute.
type Demo struct {
	Repo    string // files of the service, its plan and configuration included; not yet a Git repository
	Plan    string // plan file below Repo
	Scripts string // folder with <task>.json for each task, outside Repo
}

// Extract writes the demo below dir, which is made when it does not exist. It
// never writes over an earlier demo: that is a Conflict.
//
// The configuration in Repo makes AgentName the default agent. A run with
// another agent works on the same plan.
func Extract(dir string) (Demo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Demo{}, fault.Wrap(fault.Internal, err, "find folder %s for the demo", dir)
	}
	d := Demo{Repo: filepath.Join(dir, "pantry"), Scripts: filepath.Join(dir, "scripts")}
	d.Plan = filepath.Join(d.Repo, ".muster", "plans", "demo.yaml")
	out, err := d.contents()
	if err != nil {
		return Demo{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Demo{}, writeFault(err, dir)
	}
	for _, folder := range []string{d.Repo, d.Scripts} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return Demo{}, writeFault(err, folder)
		}
	}
	for _, f := range out {
		if err := os.MkdirAll(filepath.Dir(f.name), 0o755); err != nil {
			return Demo{}, writeFault(err, f.name)
		}
		if err := os.WriteFile(f.name, f.data, 0o644); err != nil {
			return Demo{}, writeFault(err, f.name)
		}
	}
	return d, nil
}

// writeFault says that name could not be written.
func writeFault(err error, name string) error {
	e := &fault.Error{
		Kind: fault.Internal, Op: "write the demo to " + name, Err: err,
		Hint: "name another folder, or free space in this one",
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		e.Kind, e.Hint = fault.Conflict, "name an empty folder, or remove the earlier demo"
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Hint = fault.Refused, "name a folder that you may write to"
	}
	return e
}

// file is one file to write.
type file struct {
	name string // absolute
	data []byte
}

// contents gives every file of the demo.
func (d Demo) contents() ([]file, error) {
	plan, err := files.ReadFile("demo.yaml")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the embedded plan")
	}
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	out := []file{{d.Plan, plan}, {filepath.Join(d.Repo, ".muster", "config.yaml"), config}}
	err = fs.WalkDir(files, "_service", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		// A folder with a go.mod cannot be embedded, hence the suffix.
		rel := strings.TrimSuffix(strings.TrimPrefix(name, "_service/"), ".txt")
		out = append(out, file{filepath.Join(d.Repo, filepath.FromSlash(rel)), data})
		return err
	})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the embedded service")
	}
	scripts, err := fs.ReadDir(files, "_scripts")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the embedded scripts")
	}
	for _, e := range scripts {
		data, err := script(files, path.Join("_scripts", e.Name()))
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "read the embedded script of task %s", e.Name())
		}
		out = append(out, file{filepath.Join(d.Scripts, e.Name()+".json"), data})
	}
	return out, nil
}

// config gives the configuration file. JSON strings are YAML strings, so the
// folder may have any name.
func (d Demo) config() ([]byte, error) {
	folder, err := json.Marshal(d.Scripts)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "write the demo's configuration")
	}
	return []byte("version: 1\nagents:\n  " + AgentName + ": {driver: script, command: [" + string(folder) +
		"]}\ndefault: " + AgentName + "\n"), nil
}

// script gives the script in a folder as one JSON document: a string that
// begins with "@" stands for the content of that file of the folder.
func script(fsys fs.FS, folder string) ([]byte, error) {
	data, err := fs.ReadFile(fsys, path.Join(folder, "script.json"))
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	doc, err = inline(fsys, folder, doc)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(doc, "", " ")
}

// inline replaces the strings of v that begin with "@".
func inline(fsys fs.FS, folder string, v any) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "@"); ok {
			text, err := fs.ReadFile(fsys, path.Join(folder, name))
			return string(text), err
		}
	case []any:
		for i := range v {
			if v[i], err = inline(fsys, folder, v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = inline(fsys, folder, v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

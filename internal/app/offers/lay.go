package offers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"muster/internal/adapter/git"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/offer"
)

// folder is where approved files lie, below the state folder, by the hash of
// their offer.
const folder = "approved"

// Approved gives the tools that are approved as they are at a commit, with their
// files laid out, and what is to be told of approvals that have lapsed.
func Approved(ctx context.Context, repo *git.Repo, state, commit string) ([]job.Tool, []string, error) {
	known, err := approvals(state)
	if err != nil || len(known) == 0 {
		return nil, nil, err
	}
	list, err := listAt(ctx, repo, state, commit)
	if err != nil {
		return nil, nil, err
	}
	var tools []job.Tool
	for _, s := range list.Offers {
		if s.Approval == nil {
			continue
		}
		t, err := lay(ctx, repo, state, commit, s.Pinned)
		if err != nil {
			return nil, nil, fault.Wrap(fault.Internal, err, "lay out what %s runs, which is approved", s.Said)
		}
		tools = append(tools, t)
	}
	return tools, Lapsed(list.Lapsed), nil
}

// Told is Approved for a person who looks: with a line on what there is, empty
// where the repository offers nothing that would run.
func Told(ctx context.Context, repo *git.Repo, state, commit string) (tools []job.Tool, text string, lapsed []string, err error) {
	all, err := Find(ctx, repo, commit)
	if err != nil {
		return nil, "", nil, err
	}
	if tools, lapsed, err = Approved(ctx, repo, state, commit); err != nil {
		return nil, "", nil, err
	}
	n := 0
	for _, o := range all.Offers {
		if o.Runs() || o.URL != "" {
			n++
		}
	}
	if n > 0 {
		text = fmt.Sprintf("the repository has hooks, MCP servers or plugins for agents (%d); approved and given to agents: %d; muster trust lists them", n, len(tools))
	}
	return tools, text, lapsed, nil
}

// Lapsed says of approvals that they have lapsed.
func Lapsed(approvals []Approval) []string {
	var out []string
	for _, a := range approvals {
		out = append(out, "the approval "+a.ID+" of "+a.Said+" in "+a.Path+" has lapsed, for it or a file that it names was changed: no agent gets it; muster trust shows what is there now")
	}
	return out
}

// lay writes the files of an offer into a folder of their own, out of the commit.
func lay(ctx context.Context, repo *git.Repo, state, commit string, p offer.Pinned) (job.Tool, error) {
	t := job.Tool{ID: p.ID(), Hash: p.Hash(), Name: p.Name, For: p.Given(), Match: p.Match, Env: p.Env, Kind: job.ToolServer}
	if p.Kind == offer.Hook {
		t.Kind = job.ToolHook
	}
	o := p.Offer
	if len(p.Files) > 0 {
		t.Root, t.Files = filepath.Join(state, folder, t.Hash), map[string]string{}
		var err error
		if o, err = p.From(t.Root); err != nil {
			return t, err
		}
		if err := os.MkdirAll(t.Root, 0o700); err != nil {
			return t, err
		}
		root, err := os.OpenRoot(t.Root)
		if err != nil {
			return t, err
		}
		defer root.Close()
		for _, f := range p.Files {
			t.Files[f.Path] = f.SHA
			data, _, err := repo.ReadFile(ctx, commit, f.Path)
			if err == nil {
				err = put(root, f, data)
			}
			if err != nil {
				return t, err
			}
		}
	}
	t.Argv, t.Shell = o.Argv, o.Shell
	return t, nil
}

// put writes a file that is read only, unless it is there already as it should be.
func put(root *os.Root, f offer.File, data []byte) error {
	mode := os.FileMode(0o400)
	if f.Exec {
		mode = 0o500
	}
	if have, err := root.ReadFile(f.Path); err == nil && sum(have) == f.SHA {
		return root.Chmod(f.Path, mode)
	}
	if err := root.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}
	if err := root.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.WriteFile(f.Path, data, mode)
}

// InForce gives those of a run's tools that a driver's program gets and that are
// approved still, and an error when the files of one are not what was approved.
func InForce(state, driver string, tools []job.Tool) ([]job.Tool, error) {
	tools = append(job.ToolsFor(tools, driver, job.ToolServer), job.ToolsFor(tools, driver, job.ToolHook)...)
	if len(tools) == 0 {
		return nil, nil
	}
	known, err := approvals(state)
	if err != nil {
		return nil, err
	}
	var out []job.Tool
	for _, t := range tools {
		if !slices.ContainsFunc(known, func(a Approval) bool { return a.Hash == t.Hash }) {
			continue
		}
		if err := unchanged(t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func unchanged(t job.Tool) error {
	if len(t.Files) == 0 {
		return nil
	}
	root, err := os.OpenRoot(t.Root)
	if err != nil {
		return fault.Wrap(fault.Refused, err, "find the files of %s %s, which are approved", t.Kind, t.Name)
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		data, err := root.ReadFile(name)
		if err != nil || sum(data) != t.Files[name] {
			return fault.New(fault.Refused, "give an agent %s %s: %s in %s is not what was approved", t.Kind, t.Name, name, t.Root).
				WithHint("somebody changed Muster's own folder; remove that folder, and start the run anew")
		}
	}
	return nil
}

// NoteGiven notes which tools an operation is given, before it starts.
func NoteGiven(state, op string, tools []job.Tool) error {
	if len(tools) == 0 {
		return nil
	}
	var names []string
	for _, t := range tools {
		names = append(names, t.Kind+" "+t.Name+" "+t.ID)
	}
	data, err := json.Marshal(names)
	if err == nil {
		err = os.MkdirAll(filepath.Join(state, folder), 0o700)
	}
	if err == nil {
		err = os.WriteFile(given(state, op), data, 0o600)
	}
	return fault.Wrap(fault.Transient, err, "note what %s is given of the repository's tools", op)
}

// Given gives what was noted.
func Given(state, op string) ([]string, error) {
	data, err := os.ReadFile(given(state, op))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	if err == nil {
		err = json.Unmarshal(data, &names)
	}
	return names, fault.Wrap(fault.Internal, err, "read what %s was given of the repository's tools", op)
}

func given(state, op string) string { return filepath.Join(state, folder, "given-"+op+".json") }

// Roots gives the folders that tools are read from.
func Roots(tools []job.Tool) []string {
	var out []string
	for _, t := range tools {
		if t.Root != "" {
			out = append(out, t.Root)
		}
	}
	return out
}

// Package offers knows what the repository has ready for agents at a commit, and
// which of it a person has approved. Approvals lie in Muster's state folder,
// where neither a change nor a confined agent writes; each names the hash of the
// entry and of the files that its command names, so that it lapses when any of
// them changes.
package offers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"slices"
	"strings"

	"muster/internal/adapter/git"
	"muster/internal/app/machine"
	"muster/internal/core/change"
	"muster/internal/core/fault"
	"muster/internal/core/offer"
)

// The most that is looked at of one commit.
const (
	maxSettings = 100     // files of settings
	maxFiles    = 200     // files that one command names
	maxBytes    = 8 << 20 // of all files that one command names
)

// Problem is a file that could not be read for what it offers.
type Problem struct {
	Path string `json:"path"`
	Text string `json:"text"` // follows the path: cannot be read as JSON
}

// All is what the repository has ready for agents at one commit.
type All struct {
	Commit       string         `json:"commit"`
	Instructions []Prose        `json:"instructions"`
	Offers       []offer.Pinned `json:"offers"`
	Problems     []Problem      `json:"problems,omitempty"`
}

// Prose is a file of instructions that agents read.
type Prose struct {
	Path string   `json:"path"`
	Of   []string `json:"of"`   // programs, by the names of their drivers
	Blob string   `json:"blob"` // Git's id of what it holds
}

// Find gives what there is at a commit. Settings in folders below the root are
// left out: agents start at the root, and their programs do not read those.
func Find(ctx context.Context, repo *git.Repo, commit string) (All, error) {
	entries, err := repo.Files(ctx, commit)
	if err != nil {
		return All{}, err
	}
	f := finding{repo: repo, all: All{Commit: commit, Instructions: []Prose{}, Offers: []offer.Pinned{}}, modes: map[string]string{}}
	for _, e := range entries {
		if e.Mode == change.ModeFile || e.Mode == change.ModeExecutable {
			f.paths = append(f.paths, e.Path)
			f.modes[e.Path] = e.Mode
		}
	}
	slices.Sort(f.paths)
	read := 0
	for _, e := range entries {
		form, of := offer.Known(e.Path)
		switch {
		case form == "" || !strings.HasPrefix(e.Path, ".") && strings.Contains(e.Path, "/"):
			continue
		case f.modes[e.Path] == "":
			if form != offer.Other {
				f.all.Problems = append(f.all.Problems, Problem{e.Path, "is a link or no file: agents' programs may follow it, and it is not looked at"})
			}
			continue
		case form == offer.Prose:
			f.all.Instructions = append(f.all.Instructions, Prose{e.Path, of, e.Blob})
			continue
		case form == offer.Other:
			continue
		case read == maxSettings:
			f.all.Problems = append(f.all.Problems, Problem{e.Path, "and the files after it were not looked at: there are too many"})
			return f.all, nil
		}
		read++
		if err := f.settings(ctx, e.Path); err != nil {
			return All{}, err
		}
	}
	return f.all, nil
}

// finding is the look at one commit.
type finding struct {
	repo  *git.Repo
	all   All
	paths []string          // of files, sorted
	modes map[string]string // of files
}

func (f *finding) settings(ctx context.Context, name string) error {
	data, _, err := f.repo.ReadFile(ctx, f.all.Commit, name)
	if errors.Is(err, change.ErrTooLarge) {
		f.all.Problems = append(f.all.Problems, Problem{name, "is too large to be read"})
		return nil
	}
	if err != nil {
		return err
	}
	found, problem := offer.Read(name, data)
	if problem != "" {
		f.all.Problems = append(f.all.Problems, Problem{name, problem})
	}
	for _, o := range found {
		p, problem, err := f.pin(ctx, o)
		if err != nil {
			return err
		}
		if problem != "" {
			f.all.Problems = append(f.all.Problems, Problem{name, problem})
			continue
		}
		f.all.Offers = append(f.all.Offers, p)
	}
	return nil
}

// pin adds what the files hold that an offer's command names.
func (f *finding) pin(ctx context.Context, o offer.Offer) (offer.Pinned, string, error) {
	p := offer.Pinned{Offer: o}
	names := o.Names(f.below)
	if o.Kind == offer.Code && strings.HasPrefix(o.Name, "./") {
		names = f.below(path.Clean(o.Name))
	}
	if len(names) > maxFiles {
		return p, "names a folder with too many files in the command of " + o.Name, nil
	}
	size := 0
	for _, n := range names {
		data, _, err := f.repo.ReadFile(ctx, f.all.Commit, n)
		if size += len(data); errors.Is(err, change.ErrTooLarge) || size > maxBytes {
			return p, "names files that are too large in the command of " + o.Name, nil
		}
		if err != nil {
			return p, "", err
		}
		p.Files = append(p.Files, offer.File{Path: n, SHA: sum(data), Exec: f.modes[n] == change.ModeExecutable})
	}
	return p, "", nil
}

// below gives the files at a path: itself, or all below a folder.
func (f *finding) below(name string) []string {
	if f.modes[name] != "" {
		return []string{name}
	}
	at, _ := slices.BinarySearch(f.paths, name+"/")
	end := at
	for end < len(f.paths) && strings.HasPrefix(f.paths[end], name+"/") && end-at <= maxFiles {
		end++
	}
	return f.paths[at:end]
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// Place is one repository with its approvals.
type Place struct {
	repo  *git.Repo
	state string
	actor string
}

// Open opens the repository that holds the host's folder.
func Open(ctx context.Context, h machine.Host) (*Place, error) {
	where, err := git.Locate(ctx, h.Dir)
	if err != nil {
		return nil, err
	}
	state, err := h.StateFolder(where.CommonDir, where.Name)
	if err != nil {
		return nil, err
	}
	repo, err := git.Open(ctx, h.Dir, state)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "open the repository in %s", h.Dir)
	}
	return &Place{repo: repo, state: state, actor: h.Actor()}, nil
}

// Close gives back what Open took.
func (p *Place) Close() error { return p.repo.Close() }

// Status is how an offer stands.
type Status struct {
	offer.Pinned
	ID       string    `json:"id"`
	Approval *Approval `json:"approval,omitempty"` // in force
	Given    []string  `json:"given,omitempty"`    // the drivers whose programs get it once it is approved
	Refused  string    `json:"refused,omitempty"`  // why it cannot be approved
	Said     string    `json:"said"`               // what it is, in plain words
}

// List is everything that a person needs to know of one commit.
type List struct {
	All
	Offers []Status   `json:"offers"`
	Lapsed []Approval `json:"lapsed"` // approvals of what is there no more, or in another form
}

// At gives what there is at the commit that is checked out, with its approvals.
func (p *Place) At(ctx context.Context) (List, error) {
	head, err := p.repo.Resolve(ctx, "HEAD")
	if err != nil {
		return List{}, fault.WithHint(fault.Wrap(fault.Invalid, err, "find the commit that is checked out"), "commit something first: offers are read as they are committed")
	}
	return listAt(ctx, p.repo, p.state, head.Commit)
}

func listAt(ctx context.Context, repo *git.Repo, state, commit string) (List, error) {
	all, err := Find(ctx, repo, commit)
	if err != nil {
		return List{}, err
	}
	known, err := approvals(state)
	if err != nil {
		return List{}, err
	}
	out := List{All: all, Offers: []Status{}, Lapsed: []Approval{}}
	for _, o := range all.Offers {
		s := Status{Pinned: o, ID: o.ID(), Given: o.Given(), Refused: o.Refused(), Said: o.String()}
		if i := slices.IndexFunc(known, func(a Approval) bool { return a.Hash == o.Hash() }); i >= 0 {
			s.Approval = &known[i]
		}
		out.Offers = append(out.Offers, s)
	}
	for _, a := range known {
		if !slices.ContainsFunc(all.Offers, func(o offer.Pinned) bool { return o.Hash() == a.Hash }) {
			out.Lapsed = append(out.Lapsed, a)
		}
	}
	return out, nil
}

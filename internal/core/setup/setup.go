// Package setup holds what is known about setting up a worktree, as data: the
// commands that make what Git does not track (installed dependencies), the
// files that a person keeps outside of Git, and which tracked files decide
// what the commands make.
//
// A set-up is made once for each key, in a tree of its own, kept, and placed
// into every worktree and every tree of a check that wants it. The key is a
// digest of the commands, of the tracked files that they read as far as that
// is known, and of the machine.
package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"muster/internal/core/change"
	"muster/internal/core/plan"
)

// Spec is what the configuration of the trusted base says about setting up.
// All paths are relative to the top of the repository, slash separated.
type Spec struct {
	Run    []plan.Command `json:"run,omitempty"`    // commands, in order
	Copy   []string       `json:"copy,omitempty"`   // untracked files and folders of the person's checkout that are copied
	Link   []string       `json:"link,omitempty"`   // the same, linked: whoever has the worktree can write to them
	Inputs []string       `json:"inputs,omitempty"` // globs of tracked files that the commands depend on, besides the known ones
	TimeMS int64          `json:"time_ms"`          // for all commands together; 0 means none

	Sandbox string   `json:"sandbox,omitempty"` // what the commands are confined by, as the configuration says; no part of the key
	Egress  []string `json:"egress,omitempty"`  // hosts that the commands may reach when their network is closed, as the configuration writes them; no part of the key
}

// Empty reports that there is nothing to set up.
func (s Spec) Empty() bool { return len(s.Run)+len(s.Copy)+len(s.Link) == 0 }

// Outcome says what setting up a folder came to. It is recorded.
type Outcome struct {
	Key    string   `json:"key,omitempty"`     // of the set-up that was placed; empty when there are no commands
	Made   bool     `json:"made,omitempty"`    // the commands ran for it; else it was there
	MadeUS int64    `json:"made_us,omitempty"` // what making it took, then or earlier
	TimeUS int64    `json:"time_us,omitempty"` // what placing it took
	Files  int      `json:"files,omitempty"`   // that belong to it, folders not counted
	Copied int      `json:"copied,omitempty"`  // of these, that had to be written; the others were as they should be
	Notes  []string `json:"notes,omitempty"`   // what was left out, and why
}

// Text says what a person is told of it beside what was set up: what making
// it took, when that was done now, and what was left out. It is empty, or
// continues a sentence.
func (o *Outcome) Text() string {
	text := ""
	if o != nil && o.Made {
		text = ", set up in " + (time.Duration(o.MadeUS) * time.Microsecond).Round(time.Millisecond).String()
	}
	if o != nil && len(o.Notes) > 0 {
		text += "; " + strings.Join(o.Notes, "; ")
	}
	return text
}

// Failure says that the commands could not make a set-up.
type Failure struct {
	Command string `json:"command"`           // as a person types it
	Why     string `json:"why"`               // a clause without a full stop: "it ended with exit code 1"
	Tail    string `json:"tail,omitempty"`    // end of its output, at most TailBytes
	TimeUS  int64  `json:"time_us,omitempty"` // until it failed
}

// Result is what setting up a folder came to: an outcome, or a failure, or
// neither when there is nothing to set up.
type Result struct {
	Outcome *Outcome
	Failure *Failure
}

// TailBytes is how much of a failed command's output is kept.
const TailBytes = 4 << 10

// Text is the failure in one line.
func (f Failure) Text() string {
	text := "the set-up command " + f.Command + " failed: " + f.Why
	if last := lastLine(f.Tail); last != "" {
		text += ": " + last
	}
	return text
}

// lastLine gives the last line that says something, shortened.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if len(last) > 300 {
		last = strings.ToValidUTF8(last[:300], "") + "..."
	}
	return last
}

// names are files that say what a package manager installs, or with which
// version of a tool, wherever they lie in a repository.
const names = ` package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml pnpm-workspace.yaml bun.lock bun.lockb deno.lock
 .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs lerna.json .nvmrc .node-version
 go.mod go.sum go.work go.work.sum
 pyproject.toml setup.py setup.cfg Pipfile Pipfile.lock poetry.lock uv.lock pdm.lock pixi.lock environment.yml .python-version
 Cargo.toml Cargo.lock rust-toolchain rust-toolchain.toml
 Gemfile Gemfile.lock .ruby-version composer.json composer.lock mix.exs mix.lock
 pom.xml build.gradle build.gradle.kts settings.gradle settings.gradle.kts gradle.properties gradle.lockfile libs.versions.toml
 packages.lock.json global.json Package.swift Package.resolved pubspec.yaml pubspec.lock
 .tool-versions mise.toml .mise.toml `

// IsInput reports whether a tracked file decides what the commands make: a
// manifest or lockfile of a package manager, a file that a command names, or
// one that the configuration lists.
func (s Spec) IsInput(p string) bool {
	base := path.Base(p)
	switch {
	case strings.Contains(names, " "+base+" ") || strings.Contains(names, " "+base+"\n"):
		return true
	case strings.HasSuffix(base, ".txt") && (strings.HasPrefix(base, "requirements") || strings.HasPrefix(base, "constraints")):
		return true
	case slices.Contains(s.named(), p):
		return true
	}
	return plan.MatchAny(s.Inputs, p)
}

// named gives the words of the commands that could be paths in the repository.
func (s Spec) named() []string {
	var out []string
	for _, c := range s.Run {
		for _, w := range Words(c) {
			if w = path.Clean(w); w != "." && !path.IsAbs(w) && !strings.HasPrefix(w, "../") {
				out = append(out, w)
			}
		}
	}
	return out
}

// Words gives the words of a command. A line for the shell is cut at blanks
// and at the shell's own signs; quotes are dropped.
func Words(c plan.Command) []string {
	if c.Shell == "" {
		return c.Argv
	}
	return strings.FieldsFunc(c.Shell, func(r rune) bool { return strings.ContainsRune(" \t\n;&|()<>\"'`$={}", r) })
}

// InputsOf gives the entries of a tree that decide what the commands make.
func (s Spec) InputsOf(tree []change.Entry) []change.Entry {
	var out []change.Entry
	for _, e := range tree {
		if s.IsInput(e.Path) {
			out = append(out, e)
		}
	}
	return out
}

// Key names what the commands make of the inputs on a machine. Two calls with
// the same arguments give the same key. Origin is empty for a tree that is
// trusted, and otherwise says which one it is: what an untrusted tree made
// must serve no other.
func (s Spec) Key(inputs []change.Entry, machine []string, origin string) string {
	b, err := json.Marshal([]any{"muster set-up 1", s.Run, inputs, machine, origin})
	if err != nil {
		panic(err) // only strings
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

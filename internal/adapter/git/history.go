package git

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"muster/internal/adapter/git/lasting"
	"muster/internal/core/change"
	"muster/internal/core/fault"
)

// Logged is one commit of the history.
type Logged struct {
	AtS     int64 // when it was committed, in seconds since 1970
	Subject string
	Paths   []string // what it changed, against its parent; renames are both paths
}

// The most that is read of a history.
const (
	MaxLogged = 1_000    // commits
	maxLog    = 32 << 20 // bytes of what git says of them
)

// History gives the commits that lead to one, merges left out, the newest
// first: at most a thousand, and none more than the given days before it.
func History(ctx context.Context, r *Repo, commit string, days int) ([]Logged, error) {
	out := &lasting.Head{Limit: maxLog}
	_, err := r.own.run(ctx, call{stdout: out, args: []string{
		"log", "-z", "--no-merges", "--no-renames", "--name-only", "--no-color", "--no-show-signature", "--no-notes", "--encoding=UTF-8",
		fmt.Sprintf("--max-count=%d", MaxLogged), "--format=%x01%ct %s", commit, "--",
	}})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read the history of %s", commit)
	}
	return recent(parseLog(out.String()), days), nil
}

// parseLog reads what History asks for: a line for each commit that begins
// with the byte 1, then its paths, each ended by a NUL.
func parseLog(text string) []Logged {
	var all []Logged
	for field := range strings.SplitSeq(text, "\x00") {
		if head, ok := strings.CutPrefix(field, "\x01"); ok {
			at, subject, _ := strings.Cut(head, " ")
			if s, err := strconv.ParseInt(at, 10, 64); err == nil {
				all = append(all, Logged{AtS: s, Subject: strings.ToValidUTF8(subject, "\uFFFD")})
				continue
			}
		}
		if p := strings.TrimPrefix(field, "\n"); p != "" && len(all) > 0 {
			last := &all[len(all)-1]
			last.Paths = append(last.Paths, p)
		}
	}
	return all
}

func recent(all []Logged, days int) []Logged {
	for i, c := range all {
		if c.AtS < all[0].AtS-int64(days)*24*60*60 {
			return all[:i]
		}
	}
	return all
}

// Unsaved gives the files of the person's work tree that differ from HEAD:
// those that Git tracks, and new ones that no ignore file of the repository
// names. It looks only; nothing is written, and no filter runs.
func Unsaved(ctx context.Context, r *Repo) (tracked, untracked []string, err error) {
	if r.place.TopLevel == "" {
		return nil, nil, nil
	}
	head, err := headPoint(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	ask := func(args ...string) ([]string, error) {
		out := &lasting.Head{Limit: maxLog}
		_, err := r.own.run(ctx, call{args: args, work: r.place.TopLevel, index: filepath.Join(r.place.GitDir, "index"), stdout: out})
		return strings.FieldsFunc(out.String(), func(c rune) bool { return c == 0 }), err
	}
	seen := map[string]bool{}
	for _, args := range [][]string{
		{"diff-index", "--cached", "--name-only", "--no-renames", "--ignore-submodules=all", "-z", head.Tree},
		{"ls-files", "-z", "--modified"},
	} {
		list, err := ask(args...)
		if err != nil {
			return nil, nil, fault.Wrap(fault.Internal, err, "see what is not committed in %s", r.place.TopLevel)
		}
		for _, p := range list {
			if !seen[p] {
				seen[p] = true
				tracked = append(tracked, p)
			}
		}
	}
	untracked, err = ask("ls-files", "-z", "--others", "--exclude-standard", "--exclude-from="+filepath.Join(r.place.CommonDir, "info", "exclude"))
	if err != nil { // most repositories have no such file
		untracked, err = ask("ls-files", "-z", "--others", "--exclude-standard")
	}
	return tracked, untracked, fault.Wrap(fault.Internal, err, "see what is not committed in %s", r.place.TopLevel)
}

// Untaken gives how many commits a branch has that a commit does not hold, and
// zero where there is no such branch or its files are the commit's all the same.
func Untaken(ctx context.Context, r *Repo, branch string, by change.Point) (int, error) {
	p, err := r.point(ctx, headsPrefix+branch)
	if err != nil || p.Commit == "" || p.Tree == by.Tree {
		return 0, err
	}
	res, err := r.own.run(ctx, call{args: []string{"rev-list", "--count", p.Commit, "^" + by.Commit, "--"}})
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err, "see what %s has beyond %s", branch, by.Commit)
	}
	n, err := strconv.Atoi(trim(res.out))
	return n, fault.Wrap(fault.Internal, err, "see what %s has beyond %s", branch, by.Commit)
}

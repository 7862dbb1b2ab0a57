package git

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/core/fault"
)

// commitSpec is everything that a commit's id depends on.
type commitSpec struct {
	tree    string
	parent  string // empty: none
	message string
	author  string // "Name <email>"
	atUS    int64
}

// writeCommit writes a commit. The same spec gives the same id.
func (r *Repo) writeCommit(ctx context.Context, c commitSpec) (string, error) {
	name, email, err := parseAuthor(c.author)
	if err != nil {
		return "", err
	}
	if strings.Contains(c.message, "\x00") {
		return "", fault.New(fault.Invalid, "a commit message cannot hold a NUL byte")
	}
	args := []string{"commit-tree", "-F", "-"}
	if c.parent != "" {
		args = append(args, "-p", c.parent)
	}
	const microsPerSecond = 1_000_000
	date := fmt.Sprintf("@%d +0000", max(c.atUS, 0)/microsPerSecond)
	message := strings.TrimRight(strings.ToValidUTF8(c.message, "\ufffd"), "\n") + "\n"
	res, err := r.own.run(ctx, call{
		args: append(args, c.tree),
		env: []string{
			"GIT_AUTHOR_NAME=" + name, "GIT_AUTHOR_EMAIL=" + email,
			"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date,
		},
		stdin: strings.NewReader(message),
	})
	return trim(res.out), err
}

// parseAuthor splits "Name <email>".
func parseAuthor(s string) (name, email string, err error) {
	name, rest, ok := strings.Cut(s, " <")
	email, ok2 := strings.CutSuffix(rest, ">")
	if !ok || !ok2 || strings.TrimSpace(name) == "" || strings.TrimSpace(email) == "" ||
		strings.ContainsAny(name+email, "<>\n\x00") {
		return "", "", fault.New(fault.Invalid, "%q is no author", printable(s)).WithHint(`write "Name <email>"`)
	}
	return name, email, nil
}

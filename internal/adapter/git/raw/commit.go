package raw

import (
	"fmt"
	"strings"

	"muster/internal/core/fault"
)

// Commit is everything that a commit's id depends on. The committer is
// Muster, whoever the author is.
type Commit struct {
	Tree    string
	Parent  string // empty: none
	Message string
	Author  string // "Name <email>"
	AtUS    int64  // microseconds since 1970; the id depends on whole seconds
}

const committer = "Muster <muster@localhost>"

// Encode gives the commit as an object's content, the same that git
// commit-tree makes of it.
func (c Commit) Encode() ([]byte, error) {
	author, err := ident(c.Author)
	if err != nil {
		return nil, err
	}
	if strings.Contains(c.Message, "\x00") {
		return nil, fault.New(fault.Invalid, "a commit message cannot hold a NUL byte")
	}
	parent := ""
	if c.Parent != "" {
		parent = "parent " + c.Parent + "\n"
	}
	const microsPerSecond = 1_000_000
	when := fmt.Sprintf("%d +0000", max(c.AtUS, 0)/microsPerSecond)
	message := strings.TrimRight(strings.ToValidUTF8(c.Message, "\ufffd"), "\n") + "\n"
	return fmt.Appendf(nil, "tree %s\n%sauthor %s %s\ncommitter %s %s\n\n%s", c.Tree, parent, author, when, committer, when, message), nil
}

// ident writes "Name <email>" as Git does, which drops what it calls crud at
// both ends of the name and the address.
func ident(author string) (string, error) {
	name, rest, ok := strings.Cut(author, " <")
	email, ok2 := strings.CutSuffix(rest, ">")
	bad := !ok || !ok2 || strings.ContainsAny(name+email, "<>\n\x00")
	name, email = strings.TrimFunc(name, isCrud), strings.TrimFunc(email, isCrud)
	if bad || name == "" || email == "" {
		return "", fault.New(fault.Invalid, "%q is no author", author).WithHint(`write "Name <email>"`)
	}
	name, email = strings.ToValidUTF8(name, "\ufffd"), strings.ToValidUTF8(email, "\ufffd")
	return name + " <" + email + ">", nil
}

func isCrud(r rune) bool { return r <= ' ' || strings.ContainsRune(`.,:;<>"\'`, r) }

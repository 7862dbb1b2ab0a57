package git

import (
	"strings"

	"muster/internal/core/fault"
)

const (
	runsPrefix     = "refs/muster/runs/"
	landingsPrefix = "refs/muster/landings/"
	musterPrefix   = "refs/muster/"
	headsPrefix    = "refs/heads/"
	mirrorPrefix   = "refs/heads/muster/"
)

// headRef is the authority on where a run stands.
func headRef(run string) string { return runsPrefix + run + "/head" }

// seenRef keeps where Muster last put the run's branch, so that a person's
// move can be told from a branch that was left behind while checked out.
func seenRef(run string) string { return runsPrefix + run + "/mirror" }

func mirrorRef(name string) string { return mirrorPrefix + name }

// checkRun refuses a run or a plan name that is no safe part of a ref.
func checkRun(run, name string) error {
	if !isRefName(run) || strings.Contains(run, "/") {
		return fault.New(fault.Invalid, "%q cannot name a run: no part of a ref", printable(run))
	}
	if !isRefName(name) {
		return fault.New(fault.Invalid, "%q cannot name a branch", printable(name)).
			WithHint("use letters, digits and '-' in the plan's name")
	}
	return nil
}

// checkOwnRef refuses a ref that is not Muster's.
func checkOwnRef(ref string) error {
	if !strings.HasPrefix(ref, musterPrefix) || !isRefName(ref) {
		return fault.New(fault.Invalid, "%q is no ref below %s", printable(ref), musterPrefix)
	}
	return nil
}

// isRefName keeps to the rules of git check-ref-format, and refuses a leading
// '-' too.
func isRefName(s string) bool {
	if s == "" || s == "@" || s[0] == '-' || strings.HasSuffix(s, ".") ||
		strings.Contains(s, "..") || strings.Contains(s, "@{") || strings.ContainsAny(s, " ~^:?*[\\\x7f") {
		return false
	}
	for _, r := range []byte(s) {
		if r < ' ' {
			return false
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

// branchRef gives the full ref of a branch named in full or in short.
func branchRef(branch string) (string, error) {
	ref := branch
	if !strings.HasPrefix(ref, "refs/") {
		ref = headsPrefix + ref
	}
	if !strings.HasPrefix(ref, headsPrefix) || !isRefName(ref) || strings.HasPrefix(ref, headsPrefix+"-") {
		return "", fault.New(fault.Invalid, "%q is no branch", printable(branch)).
			WithHint("name a local branch, such as main")
	}
	return ref, nil
}

// quote writes s as one word of a POSIX shell line.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:+@%=,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

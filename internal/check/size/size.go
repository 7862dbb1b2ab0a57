// Package size points at changes that are too large for one look. Files that
// nobody reads (generated, vendored, locked versions) do not count.
package size

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"path"
	"regexp"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
	"muster/internal/core/plan"
)

// Name is the check's name.
const Name = "size"

type size struct{}

// New gives the check.
func New() check.Check { return size{} }

func (size) Info() check.Info {
	return check.Info{Name: Name, Version: "1", Kind: check.Static}
}

func (size) Applies(req evidence.Request) string {
	switch {
	case req.Subject != evidence.OfTask && req.Subject != evidence.OfMerge:
		return "only a task's change is limited in size"
	case req.MaxLines <= 0 && req.MaxFiles <= 0:
		return "no limit is set"
	}
	return ""
}

func (size) Settings(req evidence.Request) any {
	return struct{ Lines, Files int }{req.MaxLines, req.MaxFiles}
}

func (size) Run(ctx context.Context, s *check.Subject, _ check.Exec) evidence.Result {
	var read []change.File
	for _, f := range s.Change.Files {
		if !plan.MatchAny(unread(), f.Path) {
			read = append(read, f)
		}
	}
	// Files are opened only when it matters: most changes are small.
	if len(judge(s, read)) == 0 {
		return check.Judged(nil)
	}
	var counted []change.File
	for _, f := range read {
		generated, err := isGenerated(ctx, s, f)
		if err != nil {
			return check.CouldNot("%s could not be read at the base: %v", check.ShowPath(f.Path), err)
		}
		if !generated {
			counted = append(counted, f)
		}
	}
	return check.Judged(judge(s, counted))
}

func judge(s *check.Subject, files []change.File) []evidence.Finding {
	added, deleted := change.Change{Files: files}.Lines()
	var findings []evidence.Finding
	if f, over := limit(s, "lines", added+deleted, s.Request.MaxLines); over {
		findings = append(findings, f)
	}
	if f, over := limit(s, "files", len(files), s.Request.MaxFiles); over {
		findings = append(findings, f)
	}
	return findings
}

// limit gives the finding of a limit that is exceeded. Its anchor changes each
// time the size doubles: accepting a change somewhat over the limit does not
// accept whatever it grows to.
func limit(s *check.Subject, unit string, n, most int) (evidence.Finding, bool) {
	if most <= 0 || n <= most {
		return evidence.Finding{}, false
	}
	return evidence.NewFinding(evidence.Finding{
		Check: Name, Rule: unit, Level: evidence.Locator, Grade: evidence.Observed,
		Message:   fmt.Sprintf("The change touches %d %s, more than the %d that one person reads with care.", n, unit, most),
		Reproduce: plan.Command{Argv: []string{"git", "diff", "--shortstat", s.Request.Base.Tree, s.Request.Head.Tree}}.String(),
	}, fmt.Sprint(bits.Len(uint(n/most)))), true
}

// isGenerated reports whether a Go file says that it is generated. It is
// believed only when it said so before the change.
func isGenerated(ctx context.Context, s *check.Subject, f change.File) (bool, error) {
	old := f.Path
	if f.OldPath != "" {
		old = f.OldPath
	}
	if f.IsBinary || path.Ext(old) != ".go" {
		return false, nil
	}
	src, ok, err := s.BaseFile(ctx, old)
	return ok && saysGenerated(src), err
}

func saysGenerated(src []byte) bool {
	const top = 4 << 10 // the mark stands before the package clause
	src = src[:min(len(src), top)]
	src = bytes.ReplaceAll(src, []byte("\r"), nil)
	return regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`).Match(src)
}

func unread() []string {
	return append(check.Lockfiles(),
		"**/vendor/**", "**/node_modules/**", "**/*.pb.go", "**/*.pb.gw.go", "**/*_pb2.py", "**/*_pb2_grpc.py", "**/zz_generated*",
		"**/*.min.js", "**/*.min.css", "**/*.map", "**/*.snap",
	)
}

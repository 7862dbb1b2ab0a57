// Package yamlfile reads YAML files that people write and strangers may have
// written. It names everything that is wrong with one in a single pass, with
// line and column, and bounds what a hostile one can cost.
//
// Only what Muster's own files need is accepted: one document of mappings,
// lists and scalars. Aliases, tags, merge keys and repeated keys are errors.
// No input makes it panic.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxSize is how large a file may be, in bytes.
const MaxSize = 1 << 20

// maxListed bounds how many problems of each severity are listed. How many
// more there were is said in the last one.
const maxListed = 1000

// File is a file that was read, and the problems found in it so far. It is
// not for use by several goroutines at once.
type File struct {
	name     string
	root     *Node
	errors   found
	warnings found
	hints    int // words compared so far
}

// found is the problems of one severity.
type found struct {
	listed []Problem
	count  int
}

// Read reads a file. The name is used in problems only. The result is never
// nil; what could not be read is a problem in it.
func Read(name string, data []byte) *File {
	f := &File{name: name}
	if f.checkBytes(data) {
		f.root = f.parse(data)
	}
	return f
}

// Root gives the file's value: nil when the file holds nothing, or could not
// be read.
func (f *File) Root() *Node { return f.root }

// Failed reports whether an error was found so far.
func (f *File) Failed() bool { return f.errors.count > 0 }

// Problems gives everything found so far, ordered by line and column.
func (f *File) Problems() []Problem {
	out := slices.Concat(f.errors.listed, f.warnings.listed)
	slices.SortStableFunc(out, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
	for _, s := range []struct {
		found
		severity Severity
	}{{f.errors, Error}, {f.warnings, Warning}} {
		if more := s.count - len(s.listed); more > 0 {
			last := s.listed[len(s.listed)-1]
			out = append(out, Problem{
				File: f.name, Line: last.Line, Col: last.Col, Severity: s.severity,
				Message: fmt.Sprintf("%d more problems of this severity are not listed", more),
			})
		}
	}
	return out
}

// Errorf records an error at a node; with a nil node, at the start of the
// file. The hint may be empty.
func (f *File) Errorf(at *Node, hint, format string, args ...any) {
	f.errors.count++
	if len(f.errors.listed) < maxListed {
		f.errors.listed = append(f.errors.listed, f.problem(at, Error, hint, fmt.Sprintf(format, args...)))
	}
}

// Warnf records a warning, like Errorf.
func (f *File) Warnf(at *Node, hint, format string, args ...any) {
	f.warnings.count++
	if len(f.warnings.listed) < maxListed {
		f.warnings.listed = append(f.warnings.listed, f.problem(at, Warning, hint, fmt.Sprintf(format, args...)))
	}
}

func (f *File) problem(at *Node, severity Severity, hint, message string) Problem {
	p := Problem{File: f.name, Line: 1, Col: 1, Severity: severity, Message: message, Hint: hint}
	if at != nil {
		p.Line, p.Col, p.Path = max(at.Line, 1), max(at.Col, 1), at.Path()
	}
	return p
}

// checkBytes refuses what the YAML reader would refuse without saying where,
// and what is too large to give to it.
func (f *File) checkBytes(data []byte) bool {
	if len(data) > MaxSize {
		f.Errorf(nil, "", "the file has %d bytes; at most %d are accepted", len(data), MaxSize)
		return false
	}
	line, col := 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		at := &Node{Line: line, Col: col}
		switch {
		case r == utf8.RuneError && size <= 1:
			f.Errorf(at, "save the file as UTF-8", "the byte 0x%02x is not valid UTF-8", data[i])
			return false
		case r == '\n':
			line, col = line+1, 0
		case r != '\t' && r != '\r' && unicode.IsControl(r):
			f.Errorf(at, "remove it", "the control character U+%04X is not accepted", r)
			return false
		}
		i += size
		col++
	}
	return true
}

// parse reads one document, and refuses a second one.
func (f *File) parse(data []byte) *Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	doc, err := decode(dec)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		f.syntaxError(err, data)
		return nil
	}
	root := f.convert(doc.Content[0], nil, "")
	second, err := decode(dec)
	switch {
	case err == nil:
		f.Errorf(&Node{Line: second.Line, Col: second.Column}, "keep one", "the file holds more than one document")
	case !errors.Is(err, io.EOF):
		f.syntaxError(err, data)
	}
	if root.Kind == Null {
		return nil
	}
	return root
}

// decode reads the next document. A panic of the YAML reader is an error: it
// is a defect there, and no input may end this program.
func decode(dec *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("the YAML reader gave up: %v", r)
		}
	}()
	doc = new(yaml.Node)
	if err := dec.Decode(doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, io.EOF
	}
	return doc, nil
}

// syntaxError records what the YAML reader says, at the line it names.
func (f *File) syntaxError(err error, data []byte) {
	at := &Node{Line: 1, Col: 1}
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		at.Line, _ = strconv.Atoi(m[1])
	}
	hint := "look at this line and the one before it"
	if regexp.MustCompile(`^did not find expected (key|node|<|'-'|',')`).MatchString(message) {
		// These messages name the line before the value that they are about.
		at.Line, hint = at.Line+1, "look at the value that begins in this line"
	}
	if tab := tabLine(data); tab > 0 {
		at.Line, hint = tab, "this line begins with a tab; YAML is indented with spaces"
	}
	at.Line = min(at.Line, 1+bytes.Count(data, []byte("\n")))
	f.Errorf(at, hint, "this is not valid YAML: %s", printable(message))
}

// tabLine gives the first line with a tab in its indentation, or 0. Tabs
// inside block text are fine, so it is asked only when something is wrong.
func tabLine(data []byte) int {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		if bytes.IndexByte(indent, '\t') >= 0 {
			return line
		}
	}
	return 0
}

package recording

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Names are what differs from attempt to attempt in what agents and models
// say, though it means the same.
type Names struct {
	Worktree string `json:"worktree"`          // absolute
	Scratch  string `json:"scratch,omitempty"` // absolute
	Home     string `json:"home,omitempty"`    // absolute
	Session  string `json:"session,omitempty"` // the id that a fresh session is given
	Op       string `json:"op,omitempty"`      // of the operation
}

// Shortest lengths that are looked for. Servers of one's own are often asked
// with a word in place of a key.
const (
	shortest       = 4 // of a name
	shortestSecret = 8
)

// pair is a name and what stands in its place.
type pair struct {
	old, put string
	anywhere bool // also in the middle of a word
}

// Swap puts some names in place of others.
type Swap struct {
	plain []pair
	coded []pair // as they stand in JSON
}

// add adds a name.
func (s *Swap) add(p pair) {
	s.plain = append(s.plain, p)
	s.coded = append(s.coded, pair{escaped(p.old), escaped(p.put), p.anywhere})
}

// list gives the names in a fixed order. Claude Code keeps folders that are
// named by the path of the worktree, with dashes.
func (n Names) list() []string {
	return []string{n.Worktree, n.Scratch, n.Home, n.Session, n.Op, dashed(n.Worktree)}
}

func dashed(path string) string {
	if path == "" {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if isName(byte(min(r, 127))) && r != '_' && r < 127 {
			return r
		}
		return '-'
	}, path)
}

// NewSwap gives what turns the names of one attempt into those of another.
func NewSwap(from, to Names) Swap {
	var s Swap
	olds, puts := from.list(), to.list()
	for i, old := range olds {
		if len(old) >= shortest && puts[i] != "" {
			s.add(pair{old: old, put: puts[i]})
		}
	}
	return s.ordered()
}

// Redaction gives what takes secrets out.
func Redaction(secrets []string) Swap {
	var s Swap
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			s.add(pair{old: secret, put: "[key]", anywhere: true})
		}
	}
	return s.ordered()
}

// ordered has the longest names first: a folder before the one it is in.
func (s Swap) ordered() Swap {
	for _, pairs := range [][]pair{s.plain, s.coded} {
		slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(len(b.old), len(a.old)) })
	}
	return s
}

// masked gives what puts a mark in place of each name.
func (n Names) masked() Swap {
	return NewSwap(n, Names{"<worktree>", "<scratch>", "<home>", "<session>", "<op>"})
}

// hit is a place where a name stands, and what is to stand there.
type hit struct {
	from, to int
	put      string
}

// find gives where names stand in a text.
func find(pairs []pair, text string) []hit {
	var begins [256]bool // bytes that a name begins with: most of a text is passed over by this alone
	for _, p := range pairs {
		begins[p.old[0]] = true
	}
	var hits []hit
	for i := 0; i < len(text); i++ {
		if !begins[text[i]] {
			continue
		}
		for _, p := range pairs {
			if strings.HasPrefix(text[i:], p.old) && (p.anywhere || stands(text, i, len(p.old))) {
				hits = append(hits, hit{i, i + len(p.old), p.put})
				i += len(p.old) - 1
				break
			}
		}
	}
	return hits
}

// in gives the text with the names exchanged.
func in(pairs []pair, text string) string {
	return exchange([]string{text}, find(pairs, text))[0]
}

// exchange puts the hits of a text into its pieces: what is put in goes where
// the hit begins.
func exchange(pieces []string, hits []hit) []string {
	text := strings.Join(pieces, "")
	out := make([]string, len(pieces))
	start, h := 0, 0
	for n, piece := range pieces {
		var b strings.Builder
		at, end := start, start+len(piece)
		for h < len(hits) && hits[h].from < end {
			if hits[h].from >= start {
				b.WriteString(text[at:hits[h].from] + hits[h].put)
			}
			at = min(hits[h].to, end)
			if hits[h].to > end {
				break // its rest is in the next piece
			}
			h++
		}
		b.WriteString(text[at:end])
		out[n], start = b.String(), end
	}
	return out
}

// stands reports whether n bytes of the text are a name of their own, and not
// part of a longer one: /w/1 is not in /w/10, nor in /tmp/w/1.
func stands(text string, at, n int) bool {
	if at > 0 && (isName(text[at-1]) || text[at-1] == '.') && !isEscape(text, at) {
		return false
	}
	end := at + n
	switch {
	case end == len(text):
		return true
	case text[end] == '.' || text[end] == '-':
		return end+1 == len(text) || !isName(text[end+1])
	}
	return !isName(text[end])
}

// isEscape reports whether the letter before a place belongs to an escape such
// as \n, for names in JSON.
func isEscape(text string, at int) bool { return at > 1 && text[at-2] == '\\' }

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

// escaped gives a text as it stands between the quotes of JSON.
func escaped(text string) string {
	q := quoted(text)
	return string(q[1 : len(q)-1])
}

func quoted(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // texts can be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

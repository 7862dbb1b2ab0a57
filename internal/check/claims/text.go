package claims

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/check"
)

// maxText bounds how much of a report is read, in bytes. What an author wants
// to say stands far before it.
const maxText = 64 << 10

// message is one report or one commit message, taken apart.
type message struct {
	sentences []string
}

// messages splits a claim into its messages, which are separated by NUL, and
// each of them into the sentences in which its author may claim something. A
// message that takes back another one makes all of them void: what the others
// say need not be there any more.
func messages(claim string) []message {
	claim = strings.ReplaceAll(strings.ToValidUTF8(claim[:min(len(claim), maxText)], "\uFFFD"), "\r\n", "\n")
	if reverts.MatchString(claim) {
		return nil
	}
	var out []message
	for text := range strings.SplitSeq(claim, "\x00") {
		var m message
		for _, item := range items(prose(text)) {
			item, isEntry := strings.CutPrefix(item, entryMark)
			for _, s := range split(item) {
				if s = clean(s); saysItIsSo(s) && (!isEntry || !isOfPart(s)) {
					m.sentences = append(m.sentences, s)
				}
			}
		}
		if len(m.sentences) > 0 {
			out = append(out, m)
		}
	}
	return out
}

var (
	reverts  = check.Lazy(`(?mi)^(revert(s|ed|ing)?\b|reapply\b|back out\b|.{0,40}\bthis reverts commit\b)`)
	trailer  = check.Lazy(`^([A-Z][a-z]+(-[A-Za-z]+)+|Fixes|Closes|Resolves|Refs?|See|Link|Issue|BREAKING CHANGE|BREAKING-CHANGE|Cc|Bug|Reported|git-svn-id):\s`)
	fence    = check.Lazy("^\\s*(```|~~~)")
	remark   = check.Lazy(`(?s)<!--.*?(-->|$)`)
	unticked = check.Lazy(`^\s*([-*+]|\d+[.)])\s+\[\s?\]`)
	merges   = check.Lazy(`^(Merge (branch|pull request|remote-tracking|tag|commit|from)|Merged? |Auto-merge|Merge:|#?\s*Conflicts:)`)
	code     = check.Lazy(`^(\t|    )\s*\S`)
	bullet   = check.Lazy(`^\s*([-*+•✅✔☑]|\d+[.)])\s+`)
	heading  = check.Lazy(`^(#{1,6}\s+(.+?)\s*#*|\*\*([^*]+?):?\*\*:?|([^.` + "`" + `]{2,60}):)\s*$`)
	// other are headings of what is not a claim about this change.
	other = check.Lazy(`(?i)\b(next|todo|to do|future|follow|plan|remaining|limitation|not done|not included|out of scope|skipped|known|issue|problem|background|context|motivation|why|before|previous|steps|how to|reproduc|expected|actual|alternativ|question|option|suggest|recommend|checklist|review|note|caveat|open|usage|example|type of change|related|release notes?|changelog|what's changed|commits)\b`)
	// foreign begins what others wrote: notes of releases that bots paste in.
	foreign = check.Lazy(`(?mi)^.*(<details|<summary|<li>|<ul>|<h\d>|sourced from|release notes?\b|this pr contains the following updates|updated-dependencies:|permit the latest version|changesets|^#* ?releases$|# \[?v?\d+\.\d+)`)
	// squashed is how a forge lists the commits that it makes into one.
	squashed = check.Lazy(`(?m)^[^\n]*\(#\d+\)\s*\n(?s:.*)^\* `)
)

// prose gives the lines of a message that its author wrote to describe the
// change: no quotation, code, template, trailer or list of foreign commits. A
// line without text ends what came before it.
func prose(text string) []string {
	text = remark.ReplaceAllString(text, "")
	text = strings.TrimSpace(text)
	if at := foreign.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	if squashed.MatchString(text) {
		text, _, _ = strings.Cut(text, "\n* ") // what each of its commits says need not hold in the end
	}
	var out []string
	inFence, inOther, before := false, false, ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		last := before
		before = line
		if fence.MatchString(line) {
			inFence = !inFence
			out = append(out, "")
			continue
		}
		trimmed := strings.TrimSpace(line)
		if m := heading.FindStringSubmatch(trimmed); m != nil && !inFence && !bullet.MatchString(line) {
			inOther = other.MatchString(m[2] + m[3] + m[4])
			out = append(out, "", headMark+trimHeading(m[2]+m[3]+m[4]), "")
			continue
		}
		switch {
		case inFence, inOther,
			strings.HasPrefix(trimmed, ">"), unticked.MatchString(line), trailer.MatchString(trimmed), merges.MatchString(trimmed),
			code.MatchString(line) && !bullet.MatchString(line) && last == "":
			out = append(out, "")
		default:
			out = append(out, line)
		}
	}
	return out
}

// Marks of lines that are headings, and of items that are entries of a list.
const (
	headMark  = "\x01"
	entryMark = "\x02"
)

func trimHeading(s string) string { return strings.Trim(s, " :#*") }

// items joins the lines that belong together: wrapped lines of a paragraph or
// of one entry of a list. An entry below a heading that says what became of
// its entries ("Added:", "Files changed:") gets that word put before it.
func items(lines []string) []string {
	var out []string
	open, verb := false, ""
	for _, line := range lines {
		if head, ok := strings.CutPrefix(line, headMark); ok {
			verb, open = verbOf(head), false
			continue
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			open = false
		case bullet.MatchString(line):
			entry := strings.TrimSpace(bullet.ReplaceAllString(line, ""))
			out, open = append(out, entryMark+listed(verb, entry)), true
		case open:
			out[len(out)-1] += " " + trimmed
		default:
			verb = "" // a paragraph ends what stands below a heading
			out, open = append(out, trimmed), true
		}
	}
	return out
}

var pathHead = check.Lazy(`(?i)^(key |main |code |the )?(changes|what changed|implementation|summary( of changes)?|details)( made)?$`)

var listHead = check.Lazy(`(?i)^(?:(?:what|files|list of)\b.{0,20})?\b(added|new|created|removed|deleted|changed|modified|updated|touched)( files?| functions?| methods?| types?)?$`)

// pathsOnly stands for a heading whose entries, when they begin with the path
// of a file, are about that file.
const pathsOnly = "paths"

// verbOf gives the verb under which a heading puts the entries of its list.
func verbOf(head string) string {
	if pathHead.MatchString(head) {
		return pathsOnly
	}
	m := listHead.FindStringSubmatch(head)
	if m == nil {
		return ""
	}
	switch strings.ToLower(m[1]) {
	case "added", "new", "created":
		return "Added"
	case "removed", "deleted":
		return "Removed"
	}
	return "Changed"
}

// listed puts the verb of the heading before an entry that begins with a name.
func listed(verb, entry string) string {
	entry = strings.TrimPrefix(strings.TrimPrefix(entry, "[x] "), "[X] ")
	if verb == pathsOnly {
		name, _, _ := strings.Cut(strings.TrimLeft(entry, "*`"), "`")
		if !isPath(name) || !strings.Contains(entry, "`") {
			return entry
		}
		return "Changed file " + strings.TrimLeft(entry, "*")
	}
	if verb != "" && strings.HasPrefix(entry, "`") {
		return verb + " " + entry
	}
	return entry
}

// split cuts a paragraph into sentences. What stands between back ticks is
// never cut.
func split(text string) []string {
	var out []string
	ticked, start := false, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '`':
			ticked = !ticked
		case '.', '!', '?', ';':
			if !ticked && (i+1 == len(text) || text[i+1] == ' ') {
				out, start = append(out, text[start:i+1]), i+1
			}
		}
	}
	return append(out, text[start:])
}

var (
	quoted  = check.Lazy(`"[^"]*"|“[^”]*”|«[^»]*»|(^|[\s(])'[^']*'`)
	leading = check.Lazy(`^(\s|:[a-z0-9_+-]+:|\[[^\]]{1,40}\]|\(?#\d+\)?:?|[A-Z]{2,10}-\d+:?)+`)
	marks   = check.Lazy(`\*\*|__|~~`)
	links   = check.Lazy(`\[([^\]]+)\]\([^)]*\)`)
	blanks  = check.Lazy(`\s+`)
	// struck is text that its author crossed out.
	struck = check.Lazy(`~~[^~]+~~`)
)

// clean takes away what stands around the words of a sentence: quotations,
// emphasis, links, tags, pictures.
func clean(s string) string {
	s = struck.ReplaceAllString(s, "")
	s = links.ReplaceAllString(s, "$1")
	s = quoted.ReplaceAllString(s, " … ")
	s = marks.ReplaceAllString(s, "")
	s = strings.TrimLeftFunc(s, func(r rune) bool {
		return r != '`' && r != '[' && r != '(' && r != ':' && r != '#' && r != '-' && r != '/' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	s = leading.ReplaceAllString(s, "")
	return strings.TrimSpace(blanks.ReplaceAllString(s, " "))
}

var (
	// unsaid are words that make a sentence something else than a plain
	// statement of what was done: negation, wish, condition, history.
	unsaid = check.Lazy(`(?i)\b(not|never|cannot|nothing|neither|nor|none|without|instead|rather|unable|avoid(s|ed)?|no|` +
		`will|would|should|could|can|may|might|must|shall|let's|need(s|ed)?|propos(e|es|al|ed)|suggest(s|ed)?|consider|want(s|ed)?|going|` +
		`if|unless|once|whether|until|please|maybe|perhaps|possibly|try|tried|trying|attempt(s|ed)?|` +
		`ideally|previously|formerly|used to|before|earlier|already|introduced (in|by)|originally|upstream|failed|fails|partially|someone|you|they|e\.g)\b|n't\b|\?$`)
	// unplanned are words that put a sentence into the future wherever they stand.
	unplanned = check.Lazy(`(?i)\b(todo|fixme|wip|later|follow-?ups?|eventually|next (pr|step|commit|change|release)|in (a|the) future|future (pr|work|commit|change)s?|planned|separate (pr|commit|change)|since v?\d|in v?\d+\.\d+|(in|by|from|see) #\d+)\b`)
	// because begins the part of a sentence that says why, or which: its words
	// say nothing of what was done.
	because = check.Lazy(`(?i)\s(so|which|that|because|since|where|when|while|to|for|in order|as|due|but)\s`)
)

// saysItIsSo reports whether a sentence states plainly what was done. The
// claims that are negations by nature are read before that.
func saysItIsSo(s string) bool {
	if len(s) < 5 || utf8.RuneCountInString(s) > 600 {
		return false
	}
	if isWholeClaim(s) {
		return true
	}
	blind := blindNames(s)
	if unplanned.MatchString(blind) {
		return false
	}
	if at := because.FindStringIndex(blind); at != nil && strings.Count(strings.TrimSpace(blind[:at[0]]), " ") > 0 {
		blind = blind[:at[0]]
	}
	return !unsaid.MatchString(blind)
}

// blindNames takes out what stands between back ticks: a name is no word.
func blindNames(s string) string {
	parts := strings.Split(s, "`")
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "_"
	}
	return blanks.ReplaceAllString(strings.Join(parts, " "), " ")
}

// word is one word of a sentence, or what stands between two back ticks.
type word struct {
	text   string // without punctuation around it
	low    string
	ticked bool
	ends   bool // punctuation after it ends the phrase
	opens  bool // a bracket stands before it
}

// words cuts a sentence into words.
func words(s string) []word {
	var out []word
	for i := 0; i < len(s); {
		switch s[i] {
		case ' ':
			i++
		case '`':
			end := strings.IndexByte(s[i+1:], '`')
			if end < 0 {
				i++
				continue
			}
			text := s[i+1 : i+1+end]
			i += end + 2
			from := i
			for i < len(s) && s[i] != ' ' && s[i] != '`' {
				i++
			}
			out = append(out, word{text: text, low: strings.ToLower(text), ticked: true, ends: endsPhrase(s[from:i])})
		default:
			from := i
			for i < len(s) && s[i] != ' ' && s[i] != '`' {
				i++
			}
			raw := s[from:i]
			text := strings.TrimRight(strings.TrimLeft(raw, "(['\"“,;"), ".,;:!?'\"”])…")
			if strings.HasSuffix(raw, "()") || strings.Contains(raw, "().") || strings.Contains(raw, "(),") {
				text = strings.TrimRight(strings.TrimLeft(raw, "(['\""), ".,;:!?")
			}
			if text == "" && len(out) > 0 {
				out[len(out)-1].ends = true
				continue
			}
			out = append(out, word{text: text, low: strings.ToLower(text), ends: endsPhrase(strings.TrimSuffix(raw, "()")), opens: strings.HasPrefix(raw, "(")})
		}
	}
	return slices.DeleteFunc(out, func(w word) bool { return w.text == "" })
}

func endsPhrase(raw string) bool { return strings.ContainsAny(lastOf(raw), ".,;:!?)…—–") }

func lastOf(s string) string {
	_, n := utf8.DecodeLastRuneInString(s)
	return s[len(s)-n:]
}

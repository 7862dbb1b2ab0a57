package offer

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is one side of a change of a file; Is is false where it does not exist.
type Text struct {
	Is   bool
	Data []byte
}

const (
	maxSaid  = 6       // sentences about one file
	maxShown = 160     // characters of one command
	maxLine  = 4 << 10 // bytes of a line of instructions that are looked at for signs
)

// Explain says in plain words, one sentence each, what a change of a file that
// agents know lets run or tells them. Nothing means that nothing is known to
// follow from it. Sentences have no full stop and begin with a verb; the file is
// their subject.
func Explain(name string, base, head Text) []string {
	form, _ := Known(name)
	var said []string
	switch {
	case form == Prose:
		said = prose(name, base, head)
	case form == Settings || form == Program:
		said = entries(name, base, head)
	case form == Other && head.Is:
		said = []string{"lies among the files of an agent: a hook, a skill or a command may run it or read it"}
	}
	if more := len(said) - maxSaid; more > 0 {
		said = append(said[:maxSaid], fmt.Sprintf("and changes %d entries more: look at it whole", more))
	}
	return said
}

func entries(name string, base, head Text) []string {
	was, wasWrong := side(name, base)
	is, wrong := side(name, head)
	switch {
	case wrong != "":
		return []string{wrong + ": look at it whole"}
	case wasWrong != "" && head.Is:
		return append([]string{"could not be compared with what it was, which " + wasWrong}, changed(nil, is, head.Data)...)
	}
	return changed(was, is, head.Data)
}

func side(name string, t Text) ([]Offer, string) {
	if !t.Is {
		return nil, ""
	}
	return Read(name, t.Data)
}

// changed compares two lists of offers. Those that are alike are left out; of
// those with the same name the first that is left on each side is a pair.
func changed(was, is []Offer, text []byte) []string {
	was = slices.Clone(was)
	var fresh []Offer
	for _, o := range is {
		if i := slices.IndexFunc(was, func(w Offer) bool { return w.same(o) }); i >= 0 {
			was = slices.Delete(was, i, i+1)
		} else {
			fresh = append(fresh, o)
		}
	}
	var said []string
	for _, o := range fresh {
		at := line(text, o)
		i := slices.IndexFunc(was, func(w Offer) bool { return w.Kind == o.Kind && w.Name == o.Name })
		if i < 0 {
			said = append(said, "adds "+o.String()+at)
			continue
		}
		said = append(said, fmt.Sprintf("changes %s%s; it was: %s", o.String(), at, was[i].does()))
		was = slices.Delete(was, i, i+1)
	}
	for _, w := range was {
		said = append(said, "removes "+w.String())
	}
	return said
}

func (o Offer) same(other Offer) bool {
	return o.Kind == other.Kind && o.Name == other.Name && o.Shell == other.Shell && o.URL == other.URL && o.Match == other.Match &&
		o.Dir == other.Dir && o.Value == other.Value && slices.Equal(o.Argv, other.Argv) && slices.Equal(o.Env, other.Env) && o.Kind != Code
}

// line says where an offer stands, as far as its name tells; of a program it is
// the whole file.
func line(text []byte, o Offer) string {
	key := o.Name[strings.LastIndexByte(o.Name, '.')+1:]
	for i, l := range strings.Split(string(text), "\n") {
		if key != "" && strings.Contains(l, key) && o.Kind != Code {
			return fmt.Sprintf(" (line %d)", i+1)
		}
	}
	return ""
}

// String names an offer and says what it does: an MCP server `x` that runs ...
func (o Offer) String() string {
	switch o.Kind {
	case Server:
		return "an MCP server " + quote(o.Name) + " that " + o.does()
	case Hook:
		return "a hook that " + o.does()
	case Code:
		return "the code " + quote(o.Name) + " that " + list(o.Of) + " would load"
	case Setting:
		return "the setting " + quote(o.Name) + ": " + o.does()
	case Instruction:
	}
	return "an instruction"
}

// does says what comes of an offer.
func (o Offer) does() string {
	said := ""
	switch {
	case o.Kind == Setting:
		return quote(o.Value)
	case o.Kind == Code:
		return "is loaded by " + list(o.Of)
	case o.Shell != "" || len(o.Argv) > 0:
		said = "runs " + quote(o.Command())
	default:
		said = "asks " + quote(o.URL) + ", a server elsewhere"
	}
	if o.Kind == Hook {
		said += " " + when(o.Name)
		if o.Match != "" && o.Match != "*" {
			said += " for " + quote(o.Match)
		}
	}
	if names := o.variables(); len(names) > 0 {
		said += " with " + list(names) + " set"
	}
	if why := o.Unpinned(); why != "" {
		said += ": " + why
	}
	return said
}

// Command is what is run, in one line.
func (o Offer) Command() string {
	if o.Shell != "" {
		return o.Shell
	}
	return strings.Join(o.Argv, " ")
}

func (o Offer) variables() []string {
	var names []string
	for _, e := range o.Env {
		n, _, _ := strings.Cut(e, "=")
		names = append(names, n)
	}
	return names
}

// when says in words when a hook fires; other keys are named as they are.
func when(event string) string {
	switch strings.ToLower(event) {
	case "sessionstart", "setup":
		return "when the agent starts"
	case "sessionend", "stop", "subagentstop", "agentstop", "afteragent":
		return "when the agent ends its turn"
	case "pretooluse", "beforetool":
		return "before each use of a tool"
	case "posttooluse", "aftertool":
		return "after each use of a tool"
	case "userpromptsubmit", "userpromptsubmitted", "beforeagent":
		return "when the agent is told something"
	}
	return "for " + quote(event)
}

// Unpinned says why what is run is not known from the repository alone; empty
// when nothing shows that.
func (o Offer) Unpinned() string {
	c := o.Command()
	switch {
	case c == "":
		return ""
	case regexp.MustCompile(`(?i)\b(?:curl|wget|iwr|invoke-webrequest)\b`).MatchString(c):
		return "code or data from the network"
	case regexp.MustCompile(`\b(?:npx|bunx|uvx|pipx|dlx|pnpx)\b|\bgo run \S+@|\bnpm exec\b|\bdeno run\b.*https?:|\bdocker run\b|\buv tool run\b`).MatchString(c):
		if regexp.MustCompile(`@\d+\.\d+\.\d+|==\d|@v\d+\.\d+\.\d+|@sha256:`).MatchString(c) {
			return "code from a registry, at a version that is named"
		}
		return "code from a registry, at whatever version is the newest then"
	case regexp.MustCompile(`\b(?:npm|yarn|pnpm|bun|make|just|task|mvn|gradle|cargo|rake)\b|\bgo (?:run|test|generate)\b|\bpython3? -m\b`).MatchString(c):
		return "what it runs is read from the agent's worktree"
	}
	return ""
}

var _ fmt.Stringer = Offer{}

// prose says what a change tells agents.
func prose(name string, base, head Text) []string {
	switch {
	case !head.Is:
		return []string{"takes away all of these instructions to agents"}
	case len(head.Data) > MaxSize || !utf8.Valid(head.Data):
		return []string{"cannot be read as text: look at it whole"}
	}
	have := map[string]int{}
	added, left := 0, 0 // lines that are not empty
	for l := range strings.SplitSeq(string(base.Data), "\n") {
		have[l]++
		if strings.TrimSpace(l) != "" {
			left++
		}
	}
	var marks []string
	known := signs()
	inComment := false
	for i, l := range strings.Split(string(head.Data), "\n") {
		opened := inComment || strings.Contains(l, "<!--")
		inComment = opened && strings.LastIndex(l, "-->") <= strings.LastIndex(l, "<!--") && (strings.Contains(l, "<!--") || !strings.Contains(l, "-->"))
		if strings.TrimSpace(l) == "" {
			continue
		}
		if have[l] > 0 {
			have[l]--
			left--
			continue
		}
		added++
		found := known.of(l)
		if opened {
			found = append([]string{"stands in a comment that readers do not see: " + quote(l)}, found...)
		}
		for _, what := range found {
			if len(marks) < maxSaid {
				marks = append(marks, fmt.Sprintf("line %d %s", i+1, what))
			}
		}
	}
	said := fmt.Sprintf("adds %s of instructions to agents", plural(added, "line"))
	switch {
	case added == 0 && left == 0:
		return nil
	case added == 0:
		said = fmt.Sprintf("takes away %s of instructions to agents", plural(left, "line"))
	case left > 0:
		said += fmt.Sprintf(" and takes away %d", left)
	}
	if path.Ext(name) != "" && strings.HasPrefix(string(head.Data), "---\n") && regexp.MustCompile(`(?m)^(?:hooks|mcp-servers|mcpServers|allowed-tools|tools):`).Match(head.Data) {
		said += ", and its head names hooks, tools or MCP servers"
	}
	return append([]string{said}, marks...)
}

// sign is what makes a line of instructions worth a look.
type sign struct {
	pattern *regexp.Regexp
	what    string
}

type signList []sign

func signs() signList {
	var out signList
	for _, m := range []struct{ pattern, what string }{
		{`(?i)\b(?:ignore|disregard|forget|override)\b.{0,20}\b(?:all|any|the|your|previous|prior|above|earlier|system)\b.{0,25}\b(?:instructions?|prompts?|rules|guidelines|directives)\b`, "tells agents to forget other instructions"},
		{`(?i)\b(?:do not|don't|never|without)\b.{0,20}\b(?:tell|telling|mention|inform|notify|disclose|ask|asking)\b.{0,30}\b(?:user|human|reviewer|maintainer|anyone|operator)`, "keeps something from people"},
		{`https?://[^\s)>"'` + "`" + `]+`, "names an address"},
		{`(?i)\b(?:curl|wget|npx|uvx|pip3? install|npm i(?:nstall)?|bash -c|sh -c|sudo|chmod|eval|base64)\b`, "names a command that fetches or runs code"},
		{`(?i)~/\.(?:ssh|aws|npmrc|netrc|gnupg)|\bid_(?:rsa|ed25519)\b|\b(?:printenv|api keys?|credentials|secrets?|passwords?)\b`, "speaks of secrets"},
		{`(?:^|\s)@[\w~./-]+\.\w+`, "takes in another file"},
	} {
		out = append(out, sign{regexp.MustCompile(m.pattern), m.what})
	}
	return out
}

// of gives the signs of a line.
func (s signList) of(l string) []string {
	var out []string
	if strings.ContainsFunc(l, isInvisible) {
		out = append(out, "holds invisible characters")
	}
	l = l[:min(len(l), maxLine)]
	for _, m := range s {
		if found := m.pattern.FindString(l); found != "" {
			out = append(out, m.what+": "+quote(found))
		}
	}
	return out
}

// isInvisible: marks of order, letters without a shape, and tags. Joiners and
// the byte order mark belong into texts.
func isInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) && r != 0x200D && r != 0x200C && r != 0xFEFF || r >= 0xE0100 && r <= 0xE01EF
}

// quote shows a text of a repository between marks.
func quote(s string) string { return "`" + clean(s) + "`" }

// clean gives a text of a repository in one line, cut, with no character that a
// terminal obeys or a reader does not see.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r) || r == utf8.RuneError:
			return '?'
		}
		return r
	}, strings.TrimSpace(s))
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown-1]) + "…"
	}
	return s
}

func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

package creep

import (
	"strings"
	"sync"
	"unicode"

	"muster/internal/check"
)

// identifier is a word as code has it.
var identifier = check.Lazy(`[A-Za-z_$][\w$]*`)

// maxWords bounds how many words are taken of one part of a change.
const maxWords = 20_000

// vocabulary is what a part of a change speaks of: its identifiers as they are
// spelled, and the stems of the words they are made of.
type vocabulary struct {
	whole map[string]bool
	stems map[string]bool
	plain map[string]bool // words that count for nothing
}

func newVocabulary(plain map[string]bool) vocabulary {
	return vocabulary{whole: map[string]bool{}, stems: map[string]bool{}, plain: plain}
}

// take adds the words of a text.
func (v vocabulary) take(text string) {
	for _, id := range identifier.FindAllString(text, maxWords) {
		if len(v.whole) > maxWords {
			return
		}
		if len(id) >= 3 && !v.plain[strings.ToLower(id)] {
			v.whole[id] = true
		}
		for _, w := range split(id) {
			if s := stem(w); len(s) >= 3 && !v.plain[w] && !v.plain[s] {
				v.stems[s] = true
			}
		}
	}
}

// shares counts the identifiers and the stems that both have.
func (v vocabulary) shares(o vocabulary) (whole, stems int) {
	return common(v.whole, o.whole), common(v.stems, o.stems)
}

func common(a, b map[string]bool) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := 0
	for k := range a {
		if b[k] {
			n++
		}
	}
	return n
}

// split cuts an identifier into its words, in lower case.
func split(id string) []string {
	var out []string
	start := 0
	rs := []rune(id)
	for i := 1; i <= len(rs); i++ {
		if i < len(rs) {
			hump := unicode.IsUpper(rs[i]) && (unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1]) && unicode.IsUpper(rs[i-1]))
			if !hump && rs[i] != '_' && rs[i] != '$' && rs[i-1] != '_' && rs[i-1] != '$' {
				continue
			}
		}
		if w := strings.ToLower(strings.Trim(string(rs[start:i]), "_$")); w != "" {
			out = append(out, w)
		}
		start = i
	}
	return out
}

// stem cuts the endings off a word, so that limit, limits, limited and limiter
// are alike. It need not be a word.
func stem(w string) string {
	for _, end := range []string{"ations", "ation", "ings", "ing", "ers", "ies", "ied", "ions", "ion", "er", "ed", "es", "s", "y", "e"} {
		if cut := strings.TrimSuffix(w, end); cut != w && len(cut) >= 3 {
			return strings.TrimSuffix(cut, "e")
		}
	}
	return w
}

// plainWords gives the words that say nothing of what code is about: words of
// languages, of programming at large, and of reports.
var plainWords = sync.OnceValue(func() map[string]bool { //nolint:gochecknoglobals // made when first asked for, and never changed
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`
		the and for with that this from into when which will should must can are was were has have had not but all any each its their our your you they them
		use used uses using make makes made only also now then than there here where what why how who some more most other same new old one two first last next per via
		add adds added adding fix fixes fixed fixing remove removes removed update updates updated change changes changed improve implement implements support supports allow
		allows ensure need needs want create creates created introduce refactor rename renames renamed move moved clean cleanup bump feat chore docs doc test tests testing
		func function functions method methods class classes struct interface type types typeof var let const def return returns returned import imports export exports default
		package module modules from require include public private protected static final void int int64 int32 uint uint64 uint32 float float64 double bool boolean string
		strings byte bytes rune char nil null none undefined true false this self super new delete else elif case switch break continue while for range goto select try catch
		except finally throw throws raise async await yield lambda with pass assert print println printf sprintf errorf fatalf fmt err error errors exception log len append
		map list dict set array slice object any number value values key keys item items name names data result results res ret out output input args arg argv kwargs
		param params parameter parameters option options opt opts config ctx context file files path paths line lines code text index idx tmp temp foo bar baz get sets
		got has put run start stop init main app util utils helper helpers common core base lib src internal pkg cmd http https com org github www html json yaml toml
		console window document props state node element elem event callback handler handle obj val num str msg message messages info debug warn level time now date
		count size length max min sum end begin todo fixme note see example examples expect expected actual equal equals should describe want given left right top bottom
		int8 int16 uint8 uint16 object readonly extends implements abstract override virtual enum trait impl mut pub crate mod use fn match where dyn ref some none
		author signed off by co authored reviewed issue issues pull request commit commits branch merge version release close closes closed before after instead without
		does doesn don like just very much such both well still even over under out off because since while during until between through about against
		behavior behaviour existing current different correct correctly properly missing wrong way works work working please better simple simply`) {
		out[w], out[stem(w)] = true, true
	}
	return out
})

package claims

import (
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// The parts of statements that a change is confined to one sort of file.
const (
	testFiles = `(?:(?:unit|integration|e2e|end-to-end|regression|existing|test) )?(?:tests?|test suites?|test cases?|test code|test files?|spec files?|specs)(?: files?| code| cases?)?`
	docFiles  = `(?:(?:markdown|user|api|project) )?(?:docs?|documentation|documents|readmes?|markdown)(?: files?| pages?| texts?)?`
	clause    = `(?:^|[,;:(—–] ?|\b(?:and|but|so) )`
	subject   = clause + `(?:(?:this|the|it|i|we|my|our|all)(?: (?:commit|change|changes|changeset|patch|pr|diff|edits?|pull request|merge request))?|commit|change|changes|patch|pr|diff)(?: has| have)?`
	touch     = `(?:touch(?:e[sd])?|change[sd]?|update[sd]?|modif(?:y|ies|ied)|edit(?:s|ed)?|alter(?:s|ed)?)`
	touched   = `(?:(?:was|were|are|is|have been|has been|being|got|get) )?(?:added or |also )?(?:changed|touched|updated|modified|edited|altered)`
	product   = `(?:production|non-test|product|application|app|library|runtime|implementation|shipped|source)`
)

// confined gives the pattern of statements that nothing but one sort of file
// changed, given a pattern for that sort.
func confined(sort string) string {
	the := `(?:the )?`
	only := `(?:only|just|exclusively|solely|nothing but) `
	return `(?:` + clause + `(?:only|just|nothing but|nothing except|nothing other than) ` + the + sort + ` ` + touched + `\b` +
		`|` + subject + ` ` + only + touch + ` ` + the + sort + aboutIt +
		`|(?:` + subject + ` |` + clause + `)` + touch + ` ` + only + the + sort + aboutIt +
		`|` + clause + only + touch + ` ` + the + sort + aboutIt +
		`|\b(?:commit|changes?|edits|patch|pr|diff|changeset|everything)(?: (?:is|are|was|were))? (?:limited|confined|restricted|scoped) to ` + the + sort + aboutIt + `)`
}

var (
	wholeOnlyTests = check.Lazy(`(?i)(?:(?:` + clause + `|\b(?:is|was|as) )(?:an? )?(?:pure(?:ly)? )?tests?[- ]only (?:change|commit|pr|update|patch|edit|diff|changeset|pull request)s?` + aboutIt + `|^(?:this is |it is |it's )?tests?[- ]only` + aboutIt + `|` + confined(testFiles) +
		`|\b(?:no|without) ` + product + ` (?:code|files?|sources?)(?: (?:was|were|is|are|has been|have been))? (?:changed|touched|modified|altered|edited)\b|` + clause + `(?:no|without) ` + product + ` (?:code|files?) changes?` + aboutIt + `|\b(?:no|without) (?:changes?|modifications?|edits?) to (?:the |any )?` + strings.Replace(product, "|source)", ")", 1) + ` (?:code|files?|sources?)` + aboutIt +
		`|\b(?:production|non-test|product|application|library|implementation) code (?:is|was|remains|stays|has been|was left) (?:not (?:changed|touched|modified)|unchanged|untouched|unmodified)\b)`)
	wholeOnlyDocs = check.Lazy(`(?i)` + confined(docFiles))

	// testsBeside finds tests as a further object of what was added. What the
	// first group holds stands before them.
	testsBeside = check.Lazy(start + addVerb + ` ([^.;]{1,120}?),? (?:and|with|plus|including|along with|together with|as well as|alongside|&|\+) (?:also )?(?:` + testSorts + ` )*(?:unit-?tests?|tests?|test cases?|testcases?|test coverage)( (?:for (?:it|them|this|that|these|those|both|each|all)|covering|that (?:cover|verify|check|exercise)|which (?:cover|verify|check|exercise)|to (?:cover|verify|check|exercise|prove))\b| (?:for|of) |[.,;:!)]|$)`)
	// coveredBy finds the statement that what was added has tests.
	coveredBy = check.Lazy(`(?i)\b(?:(?:is|are|was|were|been|all|fully|now) )+(?:fully |now |well |thoroughly |completely )*covered (?:by|with) (?:(?:` + testSorts + `|added) )*tests?\b|\b(?:with|includes?|including|provides?) (?:(?:a|full|complete|good|extensive|comprehensive|thorough|high|\d+ ?%) )+(?:unit[- ])?tests? coverage\b|\b(?:comes?|ships?) with (?:` + testSorts + ` )*tests?(?: (?:for (?:it|them|this|that|these|those|both|each|all)|covering)\b|[.,;:!)]|$)`)

	// readsOtherwise are first objects after which "and tests" need not be
	// tests that were written: "support for unit and integration tests".
	readsOtherwise = check.Lazy(`(?i)(?:\b(?:unit|integration|e2e|end-to-end|regression|smoke|functional|acceptance|lint|linting|build|builds|code|bench|benchmarks?)$|\b(?:support|workflow|target|job|step|script|command|setup|config|configuration|instructions?|infrastructure|ability|option|way|hook|plugin|matrix|cache|caching)s? )`)
	// hadBefore tells tests that were there from those that were added.
	hadBefore = check.Lazy(`(?i)\b(?:existing|the|other|current|old|various|many|multiple|several) `)
	hasPlace  = check.Lazy(`(?i)\b(?:for|to|of|in|on|when|that|which|by|from|between)\b`)
)

// testSorts are words that may stand before the tests that were added.
const testSorts = `(?:its|their|the|a|an|some|more|new|few|missing|existing|corresponding|matching|relevant|several|comprehensive|extensive|exhaustive|thorough|rigorous|robust|solid|good|better|detailed|full|complete|simple|basic|small|additional|further|dedicated|proper|appropriate|suitable|meaningful|useful|necessary|required|focused|accompanying|associated|related|supporting|respective|various|multiple|many|table-driven|parameterized|parametrized|property-based|\d+|one|two|three|four|five|six|automated|unit|regression|integration|component|snapshot|smoke|fuzz|e2e|end-to-end|functional|acceptance|edge-case|edge case|positive|negative|go|golang|python|jest|pytest|vitest|mocha|and)`

// addsTestsBeside reports whether a sentence says that tests were added with
// something else.
func addsTestsBeside(blind string) bool {
	if covered := coveredBy.FindString(blind); covered != "" {
		return !hadBefore.MatchString(covered)
	}
	m := testsBeside.FindStringSubmatch(blind)
	if m == nil || readsOtherwise.MatchString(m[1]) {
		return false
	}
	tail := strings.TrimSpace(m[2])
	return tail != "for" && tail != "of" || !hasPlace.MatchString(m[1])
}

// forTests are paths of what only tests use, wider than what a runner starts.
var forTests = check.Lazy(`(?i)(?:^|[/_.-])(?:tests?|testing|test-?data|test-?utils?|test-?helpers?|test-?support|specs?|e2e|mocks?|fakes?|stubs?|fixtures?|bench|benches|benchmarks?|examples?|cypress|playwright|jest|vitest|karma|conftest|storybook|stories)(?:$|[/_.-])|(?i:test(?:util|help|support|kit|suite))`)

// isForTests reports whether what changed of a source file serves tests only.
func isForTests(p pair) bool {
	if forTests.MatchString(p.file.Path) || forTests.MatchString(oldPath(p.file)) {
		return true
	}
	was, is := testLines(p.base, p.baseText), testLines(p.head, p.headTxt)
	for _, l := range p.patch.Added() {
		if strings.TrimSpace(l.Text) != "" && !is(l.Number) && !p.head.InComment(l.Number) {
			return false
		}
	}
	for _, l := range p.patch.Removed() {
		if strings.TrimSpace(l.Text) != "" && !was(l.Number) && !p.base.InComment(l.Number) {
			return false
		}
	}
	return true
}

// testLines tells which lines of a source file belong to tests inside it. In
// Rust all that follows the first module of tests does.
func testLines(f source.File, text []byte) func(int) bool {
	from := 0
	if f.Language == source.Rust {
		if before, _, found := strings.Cut(string(text), "#[cfg(test)]"); found {
			from = strings.Count(before, "\n") + 1
		}
	}
	return func(line int) bool {
		_, in := f.TestAt(line)
		return in || from > 0 && line >= from
	}
}

// saidOnly names what a claim says is all that changed.
func saidOnly(k kind) string {
	switch k {
	case onlyComments:
		return "comments"
	case onlyFormat:
		return "formatting"
	case onlyTests:
		return "tests"
	default:
		return "documents"
	}
}

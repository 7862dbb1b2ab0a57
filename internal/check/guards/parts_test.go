package guards

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
	"muster/internal/source"
)

// fn is a function of these lines, which begin at line 1.
func fn(lines ...string) *function {
	return &function{lines: lines, words: wordsOf(lines), Function: source.Function{Range: source.Range{Start: 1, End: len(lines)}}}
}

func TestCodeLines(t *testing.T) {
	got := codeLines([]byte("a\n/* x\n y\n*/\nb\n/* z */\nc // d\n# e\n#[f]"))
	if want := []string{"a", "", "", "", "b", "", "c", "", "#[f]"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConditionsInParts(t *testing.T) {
	if got, want := tokens(`x == "a\"b" + c`), []string{"x", "==", `"a\"b"`, "+", "c"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got, want := chains("n > 10 && $x.y == nil"), []string{"n", "$x.y"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := shape("a.Max_Len > 1_000"); got != "maxlen > 1_000" {
		t.Error(got)
	}
	for _, tt := range [][3]string{
		{"(a || b)", "a", "no longer refuses when `b`"},
		{"(a) || (b)", "(a)", "no longer refuses when `b`"},
		{"v := f(); a || b", "w := g(); a", "no longer refuses when `b`"},
	} {
		if got := weaker(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%q to %q: %q", tt[0], tt[1], got)
		}
	}
}

func TestRefusingCases(t *testing.T) {
	lines := []string{"switch x {", "case 1:", "return nil", "case 2:", "return errTwo", "case 3:", "return errThree", "default:", "return errOther", "}"}
	f := fn(lines...)
	f.Guards = []source.Guard{{Range: source.Range{Start: 6, End: 7}}} // case 3 is known already
	f.refusingCases(func(int) *function { return f })
	var got []string
	for _, g := range f.guards {
		got = append(got, fmt.Sprintf("%s@%d", g.Text, g.Start))
	}
	if want := []string{"case 2@4", "case default@8"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	inner := fn(lines...)
	inner.refusingCases(func(int) *function { return f })
	if len(inner.guards) > 0 {
		t.Errorf("of another function: %+v", inner.guards)
	}
}

func TestKeptAndSimilar(t *testing.T) {
	var ten, half []string
	for i := range 10 {
		ten = append(ten, fmt.Sprintf("line %d", i))
		half = append(half, fmt.Sprintf("line %d", i*2))
	}
	guarded := fn(append(slices.Clone(ten), "if x {", "return err", "}")...)
	guarded.guards = []source.Guard{{Range: source.Range{Start: 11, End: 13}}}
	for name, tt := range map[string]struct {
		base, head *function
		want       float64
	}{
		"all":          {fn(ten...), fn(ten...), 1},
		"half":         {fn(ten...), fn(half...), 0.5},
		"nothing":      {fn(ten...), fn("other"), 0},
		"of nothing":   {fn("}", "{"), fn("other"), 1},
		"few lines":    {fn(ten[:7]...), fn("other"), 0.75},
		"a guard less": {guarded, fn(ten...), 1},
		"once is once": {fn(slices.Repeat([]string{"again"}, 10)...), fn("again"), 0.1},
	} {
		if got := kept(tt.base, tt.head); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	if got := similar(fn("x x y y"), fn("x z z z")); got != 1.0/7 {
		t.Errorf("%v", got)
	}
	if got := similar(fn(""), fn("")); got != 0 {
		t.Errorf("%v", got)
	}
}

// Whether what a guard was about is gone too.
func TestNeedless(t *testing.T) {
	guard := func(kind source.GuardKind, text string) source.Guard {
		return source.Guard{Kind: kind, Text: text, Exit: "throw"}
	}
	base := fn("limit = most + extra", "other == limit", "far = a + b + c + d; e")
	for _, tt := range []struct {
		g    source.Guard
		head string
		want bool
	}{
		{guard(source.Condition, "case 7"), "case 8", false},
		{guard(source.Condition, "case 7"), "if x", true},
		{guard(source.Condition, "1 > 2"), "x", true},
		{guard(source.Condition, "x > 2"), "x", false},
		{guard(source.Condition, "x > 2"), "y", true},
		{guard(source.Condition, "x.size > 2"), "x", true},
		{guard(source.Condition, "x.size > 2"), "x.size", false},
		{guard(source.Validation, "x"), "y", false},
		{guard(source.Condition, "limit > 2"), "use(most, extra)", false},
		{guard(source.Condition, "limit > 2"), "use(most)", true},
		{guard(source.Condition, "limit > 2"), "nothing", true},
		{guard(source.Condition, "far > 2"), "use(a, b, c, d)", false},
		{guard(source.Condition, "far > 2"), "use(a, b)", true},
		{guard(source.Condition, "other > 2"), "use(limit)", true},
		{source.Guard{Kind: source.Condition, Text: "limit > 2", Exit: "continue"}, "use(most, extra)", true},
	} {
		if got := (match{base, fn(tt.head)}).needless(tt.g, everywhere{}); got != tt.want {
			t.Errorf("%+v, %s: %v", tt.g, tt.head, got)
		}
	}
	for g, want := range map[source.Guard]bool{
		{Kind: source.Condition, Exit: "break", Text: "done"}:  true,
		{Kind: source.Condition, Exit: "return", Text: "done"}: false,
		{Kind: source.Condition, Exit: "return"}:               true,
		{Kind: source.Validation, Exit: "break", Text: "done"}: false,
	} {
		if trivial(g) != want {
			t.Errorf("%+v: %v", g, !want)
		}
	}
}

func TestWeighSwallow(t *testing.T) {
	base := fn("x.Flush()")
	for text, want := range map[string]float64{"a.Commit(x)": 0.7, "x.Flush()": 0, "a.Size()": 0, "os.Stdout.Sync()": 0} {
		if _, got := (match{base: base}).weighSwallow(source.Swallow{Kind: source.Discarded, Text: text}); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if _, got := (match{}).weighSwallow(source.Swallow{Kind: source.Discarded, Text: "x.Flush()"}); got != 0.7 {
		t.Errorf("a new function: %v", got)
	}
}

// A function that changed its name, or was taken into another, keeps what it
// made sure of.
func TestRenamedAndInlined(t *testing.T) {
	const noName = "\tif name == \"\" {\n\t\treturn \"\", errors.New(\"no name\")\n\t}\n"
	const apart = `package x

func (s *S) Save(n string) error {
	s.count++
	return s.store(n)
}

func (s *S) store(n string) error {
	if len(n) > s.max {
		return errTooLong
	}
	s.items[n] = true
	s.last = n
	return nil
}
`
	inOne := func(guard string) string {
		return "package x\n\nfunc (s *S) Save(n string) error {\n\ts.count++\n" + guard + "\ts.items[n] = true\n\ts.last = n\n\treturn nil\n}\n"
	}
	for name, tt := range map[string]struct{ base, head, want string }{
		"renamed":                  {server, edit(t, server, "Server) Login(", "Server) SignIn("), ""},
		"renamed, a guard less":    {server, edit(t, server, "Server) Login(", "Server) SignIn(", noName, ""), "Server.SignIn no longer refuses when `name == \"\"`"},
		"taken in":                 {apart, inOne("\tif len(n) > s.max {\n\t\treturn errTooLong\n\t}\n"), ""},
		"taken in, a guard less":   {apart, inOne(""), "S.Save no longer refuses when `len(n) > s.max`"},
		"deleted with what it did": {apart, "package x\n\nfunc (s *S) Save(n string) error {\n\ts.count++\n\treturn nil\n}\n", ""},
		"lock in a new function":   {server, edit(t, server, "\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n", "\ts.enter()\n\tdefer s.mu.Unlock()\n") + "\nfunc (s *Server) enter() { s.mu.Lock() }\n", ""},
	} {
		got := judged(t, checktest.Files{"a.go": tt.base}, checktest.Files{"a.go": tt.head})
		switch {
		case got.Status == evidence.CouldNot:
			t.Errorf("%s: %s", name, got.Why)
		case tt.want == "" && len(got.Findings) > 0:
			t.Errorf("%s: %+v", name, got.Findings)
		case tt.want != "" && (len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, tt.want)):
			t.Errorf("%s: %+v", name, got.Findings)
		}
	}
}

// What a guard looked at is gone with it: that is said, unless more was changed.
func TestGoneWithItsSubject(t *testing.T) {
	body := ""
	for i := range 9 {
		body += fmt.Sprintf("\ts.step%d(n)\n", i)
	}
	base := "package x\n\nfunc (s *S) Run(n int, label string) error {\n\tif label == \"\" {\n\t\treturn errors.New(\"no label\")\n\t}\n" + body + "\treturn nil\n}\n"
	less := edit(t, base, ", label string", "", "\tif label == \"\" {\n\t\treturn errors.New(\"no label\")\n\t}\n", "")
	for head, want := range map[string]int{less: 1, strings.ReplaceAll(less, "step", "other"): 0} {
		got := judged(t, checktest.Files{"a.go": base}, checktest.Files{"a.go": head})
		if len(got.Findings) != want || want == 1 && (got.Findings[0].Level != evidence.Context || got.Findings[0].Rule != "dropped") || got.Status == evidence.CouldNot {
			t.Errorf("%s: %+v", got.Why, got.Findings)
		}
	}
}

// Functions that lost different calls are told of one by one.
func TestDifferentCallsLost(t *testing.T) {
	base, head := "package x\n", "package x\n"
	for name, call := range map[string]string{"One": "s.mu.Lock()", "Two": "c.SetDeadline(d)", "Three": "r = io.LimitReader(r, n)"} {
		text := "\nfunc (s *S) " + name + "() {\nCALL\ts.count(\"" + name + "\")\n\ts.total()\n\ts.more()\n}\n"
		base += strings.Replace(text, "CALL", "\t"+call+"\n", 1)
		head += strings.Replace(text, "CALL", "", 1)
	}
	if got := judged(t, checktest.Files{"s.go": base}, checktest.Files{"s.go": head}); len(got.Findings) != 3 {
		t.Errorf("%+v", got.Findings)
	}
}

// A finding names the function around it, and stands where it shows.
func TestWhoAndWhere(t *testing.T) {
	const client = "package x\n\nfunc dial() *tls.Config {\n\tc := &tls.Config{MinVersion: tls.VersionTLS12}\n\treturn c\n}\n"
	for name, tt := range map[string]struct {
		base, head, says string
		line             int
	}{
		"a setting":     {client, edit(t, client, "MinVersion: tls.VersionTLS12", "InsecureSkipVerify: true"), "dial switches the verification", 4},
		"outside":       {"package x\n\nfunc f() {}\n\nconst bcryptCost = 12\n", "package x\n\nfunc f() {}\n\nconst bcryptCost = 4\n", "a.go lowers the least", 5},
		"widened":       {server, edit(t, server, "len(password) >= s.max", "len(password) > s.max"), "Server.Login refuses less", 22},
		"a lock less":   {server, edit(t, server, "\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n", ""), "Server.Login no longer takes the lock", 24},
		"thrown away":   {server, edit(t, server, "\tif err := s.audit(name); err != nil {\n\t\treturn \"\", err\n\t}\n", "\t_ = s.audit(name)\n"), "Server.Login no longer looks at the error", 34},
		"two functions": {client + "\nfunc last() {\n\tx()\n}\n", client + "\nfunc last() {\n\tx(&tls.Config{InsecureSkipVerify: true})\n}\n", "last switches", 9},
	} {
		got := judged(t, checktest.Files{"a.go": tt.base}, checktest.Files{"a.go": tt.head})
		if len(got.Findings) != 1 || !strings.HasPrefix(got.Findings[0].Message, tt.says) || got.Findings[0].StartLine != tt.line || len(got.NotRun) > 0 {
			t.Errorf("%s: %+v, left %q", name, got.Findings, got.NotRun)
		}
	}
}

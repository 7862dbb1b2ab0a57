package yamlfile_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/yamlfile"
)

// read reads text and gives the value of its key x.
func read(t *testing.T, value string) (*yamlfile.File, *yamlfile.Node) {
	t.Helper()
	f := yamlfile.Read("f.yaml", []byte("x: "+value+"\n"))
	return f, f.Root().Get("x")
}

func problems(f *yamlfile.File) string {
	return strings.TrimSuffix(strings.ReplaceAll(yamlfile.Format(f.Problems()), "f.yaml:", ""), "\n")
}

func TestDecimal(t *testing.T) {
	tests := []struct {
		value  string
		places int
		want   int64
		fail   string // part of the problem
	}{
		{"20", 0, 20, ""},
		{"-3", 0, -3, ""},
		{"+3", 2, 300, ""},
		{"0.1", 6, 100_000, ""},
		{"9223372036854775807", 0, 9223372036854775807, ""},
		{"9223372036854775808", 0, 0, "too large"},
		{"9223372036854.775808", 6, 0, "too large"},
		{"2_000_000", 0, 2_000_000, ""},
		{"2__000", 0, 0, "is not a number"},
		{"_2", 0, 0, "is not a number"},
		{"1.50", 1, 15, ""},
		{"1.55", 1, 0, "more than 1 decimals"},
		{"1.5", 0, 0, "is not a whole number"},
		{"1.", 1, 0, "is not a number"},
		{".5", 1, 0, "is not a number"},
		{"1e3", 0, 0, "is not a number"},
		{"0x10", 0, 0, "is not a number"},
		{"010", 0, 0, "octal"},
		{"0", 0, 0, ""},
		{".nan", 0, 0, "is not a number"},
		{"true", 0, 0, "is not a number"},
		{"'5'", 0, 0, "not text in quotes (write 5 without quotes)"},
		{"five", 0, 0, "is not a number"},
		{"[5]", 0, 0, "must be text, not a list"},
	}
	for _, test := range tests {
		f, n := read(t, test.value)
		got, ok := f.Decimal(n, test.places)
		if got != test.want || ok != (test.fail == "") || !strings.Contains(problems(f), test.fail) || f.Failed() == ok {
			t.Errorf("%s: got %d, %v, %q", test.value, got, ok, problems(f))
		}
	}
}

func TestMillis(t *testing.T) {
	for value, want := range map[string]int64{"10m": 600_000, "90s": 90_000, "1h30m": 5_400_000, "1.5s": 1500, "1ms": 1, "'5s'": 5000} {
		f, n := read(t, value)
		if got := f.Millis(n); got != want || f.Failed() {
			t.Errorf("%s: got %d, %q", value, got, problems(f))
		}
	}
	for value, want := range map[string]string{
		"10": "write a unit: 10m", "0s": "less than a millisecond", "-1m": "less than a millisecond", "10us": "less than a millisecond",
		"ten minutes": "is not a duration", "[10m]": "must be text", "9999999999h": "is not a duration",
	} {
		f, n := read(t, value)
		if got := f.Millis(n); got != 0 || !strings.Contains(problems(f), want) {
			t.Errorf("%s: got %d, %q", value, got, problems(f))
		}
	}
}

func TestBoolIntOneOf(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "false": false} {
		if f, n := read(t, value); f.Bool(n) != want || f.Failed() {
			t.Errorf("%s: %q", value, problems(f))
		}
	}
	for _, value := range []string{"yes", "'true'", "True", "1", "{}"} {
		if f, n := read(t, value); f.Bool(n) || !f.Failed() {
			t.Errorf("%s is accepted as a bool", value)
		}
	}
	for value, want := range map[string]int64{"1": 1, "5": 5, "0": 0, "6": 0, "-1": 0} {
		if f, n := read(t, value); f.Int(n, 1, 5) != want || f.Failed() != (want == 0) {
			t.Errorf("%s: %q", value, problems(f))
		}
	}
	if f, n := read(t, "atuo"); f.OneOf(n, "auto", "off") != "" || problems(f) != "1:4: error: x: unknown value 'atuo' (did you mean 'auto'?)" {
		t.Errorf("got %q", problems(f))
	}
	if f, n := read(t, "off"); f.OneOf(n, "auto", "off") != "off" || f.Failed() {
		t.Errorf("got %q", problems(f))
	}
}

// Scalars are text as it is written, whatever YAML would make of them.
func TestTextIsAsWritten(t *testing.T) {
	for value, want := range map[string]string{"0.10": "0.10", "true": "true", "no": "no", "2026-01-02": "2026-01-02", "0x1F": "0x1F", "''": "", "'~'": "~"} {
		if f, n := read(t, value); f.Line(n, 20) != want || f.Failed() {
			t.Errorf("%s: got %q, %q", value, n.Text, problems(f))
		}
	}
	if f, n := read(t, "abcdef"); f.Text(n, 5) != "" || !strings.Contains(problems(f), "6 bytes; at most 5") {
		t.Errorf("got %q", problems(f))
	}
	if f, n := read(t, `"a\nb"`); f.Text(n, 5) != "a\nb" || f.Failed() || f.Line(n, 5) != "" || !f.Failed() {
		t.Errorf("got %q", problems(f))
	}
	for _, value := range []string{`"\0"`, `"\e[2J"`, `"\u202E"`, `"\u2066"`, `"\x7f"`, `"\r"`, `"\x85"`} {
		if f, n := read(t, value); f.Text(n, 20) != "" || !f.Failed() {
			t.Errorf("%s is accepted", value)
		}
	}
}

func TestAbsentIsNoProblem(t *testing.T) {
	f := yamlfile.Read("f.yaml", []byte("x:\ny: ~\n"))
	for _, key := range []string{"x", "y", "z"} {
		n := f.Root().Get(key)
		if n != nil || f.Map(n) || f.Bool(n) || f.Int(n, 1, 2) != 0 || f.Line(n, 1) != "" || f.List(n) != nil || f.Lines(n, 1) != nil || f.Millis(n) != 0 || f.OneOf(n, "a") != "" {
			t.Errorf("%s has a value", key)
		}
	}
	if f.Failed() {
		t.Errorf("got %q", problems(f))
	}
	if f.Need(f.Root(), "x", "hint") != nil || problems(f) != "1:1: error: the key 'x' is missing (hint)" {
		t.Errorf("got %q", problems(f))
	}
}

func TestReadNamesWhere(t *testing.T) {
	tests := map[string]string{
		"a: 1\nb: \xff\n":    "2:4: error: the byte 0xff is not valid UTF-8 (save the file as UTF-8)",
		"a: 1\n  é: \x00\n":  "2:6: error: the control character U+0000 is not accepted (remove it)",
		"\xff\xfea\x00":      "1:1: error: the byte 0xff is not valid UTF-8 (save the file as UTF-8)",
		"a: 1\n---\nb: 2\n":  "2:1: error: the file holds more than one document (keep one)",
		"---\n---\n":         "2:1: error: the file holds more than one document (keep one)",
		"a: 1\n\tb: 2\n":     "2:1: error: this is not valid YAML: found a tab character that violates indentation (this line begins with a tab; YAML is indented with spaces)",
		"a: 1\nb: [\n":       "3:1: error: this is not valid YAML: did not find expected node content (look at the value that begins in this line)",
		"a: 1\nb: 'c\n":      "",
		"a: &a [*a]\n":       "",
		"a: 1\nc: 2\na: 3\n": "3:1: error: the key 'a' was given before, in line 1 (remove one of them)",
		"a: !!str 1\n":       "1:4: error: a: the tag '!!str' is not accepted (leave the tag out)",
		"%YAML 9.9\n---\n":   "",
	}
	for text, want := range tests {
		f := yamlfile.Read("f.yaml", []byte(text))
		if got := problems(f); want == "" && got == "" || want != "" && got != want {
			t.Errorf("%q: got\n%s\nwant\n%s", text, got, want)
		}
	}
	for _, text := range []string{"", "\n", "# only\n", "---\n", "~\n", "\xef\xbb\xbf"} {
		if f := yamlfile.Read("f.yaml", []byte(text)); f.Root() != nil || f.Failed() {
			t.Errorf("%q: got %v, %q", text, f.Root(), problems(f))
		}
	}
	if f := yamlfile.Read("f.yaml", []byte("\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  \ty\r\n")); f.Failed() || f.Root().Get("b").Text != "x\n\ty\n" {
		t.Errorf("got %q", problems(f))
	}
}

func TestProblemsAreOrderedAndBounded(t *testing.T) {
	f := yamlfile.Read("f.yaml", []byte("a: 1\nb: 2\nc: [x, y]\n"))
	root := f.Root()
	f.Warnf(root.Get("c").Items[1], "", "last")
	f.Errorf(root.Get("b"), "", "second")
	f.Errorf(root.Get("a"), "", "first")
	want := "1:4: error: a: first\n2:4: error: b: second\n3:8: warning: c[1]: last"
	if got := problems(f); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for range 5000 {
		f.Warnf(root, "", "w")
	}
	got := f.Problems()
	if len(got) > 2010 || !yamlfile.HasErrors(got) || !strings.Contains(got[len(got)-1].Message, "4001 more") {
		t.Errorf("%d problems, the last is %v", len(got), got[len(got)-1])
	}
}

func TestAsError(t *testing.T) {
	f := yamlfile.Read("f.yaml", nil)
	f.Warnf(nil, "", "only a warning")
	if err := yamlfile.AsError("read", f.Problems()); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
	f.Errorf(nil, "", "broken")
	err := yamlfile.AsError("read plan f.yaml", f.Problems())
	if err == nil || fault.KindOf(err) != fault.Invalid || err.Error() != "read plan f.yaml: f.yaml:1:1: error: broken" || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

// What a message repeats from a file cannot move the cursor of a terminal.
func TestQuote(t *testing.T) {
	for s, want := range map[string]string{
		"plain": "'plain'", "é日": "'é日'", "a\x1b[2Jb": `'a\x1b[2Jb'`, "a\nb": `'a\nb'`, "\u202e": `'\u202e'`, "\xff": `'�'`, "": "''",
		strings.Repeat("a", 61): "'" + strings.Repeat("a", 60) + "…'",
	} {
		if got := yamlfile.Quote(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"accept", "agent", "budget", "id", "type"}
	for word, want := range map[string]string{
		"acept": "accept", "agnet": "agent", "tpye": "type", "budgets": "budget", "it": "id", "colour": "", "": "", "accept": "",
		strings.Repeat("a", 1000): "",
	} {
		if got := yamlfile.Nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a: 1", "a: [b, {c: d}]", "a: &x b\nc: *x", "- |\n  x\n- >\n  y", "%YAML 1.1\n---\n!!map {}", "? a\n: b", "\t", "a: 'b", "{[:", "a: \"\\x", "<<: *a", "#\n\n- - -\n -"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := yamlfile.Read("f.yaml", data)
		walk(file, file.Root())
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") +
			strings.Count(string(data), "\u0085") + strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 2
		for _, p := range file.Problems() {
			if p.Line < 1 || p.Line > lines || p.Col < 1 || strings.ContainsAny(p.String(), "\n\r\x1b") {
				t.Fatalf("%q", p.String())
			}
		}
	})
}

// walk asks every getter about every node.
func walk(f *yamlfile.File, n *yamlfile.Node) {
	f.Text(n, 100)
	f.Lines(n, 100)
	f.Millis(n)
	f.Bool(n)
	f.Decimal(n, 6)
	f.Map(n, "alpha", "beta")
	if n == nil {
		return
	}
	_ = n.Path()
	for _, item := range n.Items {
		walk(f, item)
	}
	for _, e := range n.Entries {
		walk(f, e.Value)
	}
	slices.Reverse(f.Problems())
}

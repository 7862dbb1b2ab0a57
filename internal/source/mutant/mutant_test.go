package mutant

import (
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// exported gives the files in which the compiler says what packages of the
// standard library export, and what these import.
var exported = sync.OnceValues(func() (map[string]string, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "bytes", "cmp", "embed", "errors", "fmt", "go/ast", "go/types",
		"go/importer", "go/scanner", "log", "maps", "os", "math/big", "net/url", "path", "slices", "sort", "strings", "sync", "syscall", "sync/atomic", "text/tabwriter", "time", "unicode")
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return files, err
})

// standard imports packages of the standard library.
func standard(t testing.TB) types.Importer {
	t.Helper()
	files, err := exported()
	if err != nil {
		t.Fatal(err)
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

// one gives a package of one file whose lines that hold a comment "want" are
// wanted, or all lines when none does.
func one(text string) Package {
	wanted := map[int]bool{}
	for i, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "// want") {
			wanted[i+1] = true
		}
	}
	return Package{Path: "m", GoVersion: "1.24", Files: []File{{
		Name: "a.go", Text: []byte(text), Wants: func(line int) bool { return len(wanted) == 0 || wanted[line] },
	}}}
}

func find(t *testing.T, text string, perLine int) Found {
	t.Helper()
	found, err := Find(one(text), Options{Importer: standard(t), PerLine: perLine})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return found
}

// brief gives the mutants as "op: old -> new".
func brief(text string, found Found) []string {
	var out []string
	for _, m := range found.Mutants {
		out = append(out, fmt.Sprintf("%s: %s -> %s", m.Op, text[m.Start:m.End], m.New))
	}
	return out
}

// Each operator fires where it should. The code is what stands in the function
// body; the mutants are all those of the lines that are marked.
func TestOperators(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		want       []string // all mutants of the marked lines
	}{
		{"guard", `if n < 0 { // want
		return 0, errNegative
	}`, []string{"guard skipped: n < 0 -> false && (n < 0)", "condition inverted: n < 0 -> n >= 0", "boundary moved by one: n < 0 -> n <= 0"}},
		{"guard that panics", `if n < 0 { // want
		panic("negative")
	}`, []string{"guard skipped: n < 0 -> false && (n < 0)", "condition inverted: n < 0 -> n >= 0", "boundary moved by one: n < 0 -> n <= 0"}},
		{"error check", `if err != nil { // want
		return 0, err
	}`, []string{"error check inverted: err != nil -> err == nil"}},
		{"condition", `if ok { // want
		n = 2
	}`, []string{"condition inverted: ok -> !ok"}},
		{"early exit is no guard", `if n == 7 { // want
		return 7, nil
	}`, []string{"condition inverted: n == 7 -> n != 7", "constant changed: n == 7 -> n == 8"}},
		{"negated condition", `if !ok { // want
		n = 2
	}`, []string{"condition inverted: !ok -> ok"}},
		{"numbers that are none", `if x < 1.5 { // want
		n = 2
	}`, []string{"condition inverted: x < 1.5 -> !(x < 1.5)"}},
		{"nil instead of an error", `return 0, fmt.Errorf("bad %d", n) // want`, []string{"zero value returned: 0 -> 1", `nil returned instead of the error: fmt.Errorf("bad %d", n) -> nil`}},
		{"bool returned", `f := func() bool { return ok } // want
	use(f)`, []string{"boolean result inverted: ok -> !ok"}},
		{"constant bool returned", `f := func() bool { return true } // want
	use(f)`, []string{"boolean result inverted: true -> false"}},
		{"zero returned", `f := func() (int, string) { return n, s } // want
	use(f)`, []string{"zero value returned: n -> 0", `zero value returned: s -> ""`}},
		{"one returned", `f := func() int { return 0 } // want
	use(f)`, []string{"zero value returned: 0 -> 1"}},
		{"comparison outside of a condition", `ok = n == m // want`, []string{"assignment removed: ok = n == m -> ", "comparison inverted: n == m -> n != m"}},
		{"connective", `ok = ok && use(n) // want`, []string{
			"assignment removed: ok = ok && use(n) -> ", "&& and || exchanged: ok && use(n) -> ok || use(n)",
			"part of the condition dropped: ok && use(n) -> use(n)", "part of the condition dropped: ok && use(n) -> ok",
		}},
		{"connective inside another", `ok = b || ok && use(n) // want`, []string{"assignment removed: ok = b || ok && use(n) -> ", "&& and || exchanged: b || ok && use(n) -> b && ok && use(n)", "part of the condition dropped: b || ok && use(n) -> ok && use(n)", "part of the condition dropped: b || ok && use(n) -> b", "&& and || exchanged: ok && use(n) -> (ok || use(n))", "part of the condition dropped: ok && use(n) -> use(n)", "part of the condition dropped: ok && use(n) -> ok"}},
		{"boundary", `for n < m { // want
		n++
	}`, []string{"boundary moved by one: n < m -> n <= m", "loop skipped: n < m -> false && (n < m)"}},
		{"loop without a boundary", `for use(n) { // want
		n++
	}`, []string{"loop skipped: use(n) -> false && (use(n))"}},
		{"arithmetic", `n := m + 2*n // want
	use(n)`, []string{"arithmetic changed: m + 2*n -> m - 2*n", "arithmetic changed: 2*n -> 2/n"}},
		{"bits", `n := m & 6 << n // want
	use(n)`, []string{"bit operation changed: m & 6 << n -> m & 6 >> n", "bit operation changed: m & 6 -> (m | 6)"}},
		{"bits inside", `n := m + n&6 // want
	use(n)`, []string{"arithmetic changed: m + n&6 -> m - n&6", "bit operation changed: n&6 -> (n|6)"}},
		{"shift", `n := m << n // want
	use(n)`, []string{"bit operation changed: m << n -> m >> n"}},
		{"operator and assignment", `n += m // want`, []string{"arithmetic changed: n += m -> n -= m", "assignment removed: n += m -> "}},
		{"assignment of text", `s += "x" // want`, []string{`assignment removed: s += "x" -> `}},
		{"slice", `s := s[n : len(s)-m] // want
	use(s)`, []string{"slice off by one: n -> n+1", "arithmetic changed: len(s)-m -> len(s)+m", "slice off by one: len(s)-m -> (len(s)-m)-1"}},
		{"slice by number", `s := s[1:3] // want
	use(s)`, []string{"slice off by one: 1 -> 2", "slice off by one: 3 -> 2"}},
		{"call", `use(n) // want`, []string{"call removed: use(n) -> "}},
		{"call that an import hangs on", `sort.Ints(list) // want`, []string{"call removed: sort.Ints(list) -> if false { sort.Ints(list) }"}},
		{"increment", `n++ // want`, []string{"++ and -- exchanged: n++ -> n--"}},
		{"decrement", `n-- // want`, []string{"++ and -- exchanged: n-- -> n++"}},
		{"break", `for ok {
		if b {
			break // want
		}
	}`, []string{"break and continue exchanged: break -> continue"}},
		{"continue to a label", `loop:
	for ok {
		for b {
			continue loop // want
		}
	}`, []string{"break and continue exchanged: continue loop -> break loop"}},
		{"break outside of a loop", `switch n {
	case 1:
		break // want
	}`, nil},
		{"constant in a comparison", `for n != 3 { // want
		n++
	}`, []string{"loop skipped: n != 3 -> false && (n != 3)", "constant changed: n != 3 -> n != 4"}},
		{"arguments", `use(n, m) // want`, []string{"call removed: use(n, m) -> ", "arguments exchanged: n, m -> m, n"}},
		{"arguments of different types", `use(n, s) // want`, []string{"call removed: use(n, s) -> "}},
		{"order of arguments does not matter", `n := max(n, m) // want
	use(n)`, nil},
		{"condition of a switch", `switch {
	case n > 3: // want
		n = 1
	}`, []string{"condition inverted: n > 3 -> n <= 3", "boundary moved by one: n > 3 -> n >= 3"}},
		{"several lines", `ok = use(n) || // want
		// a comment
		b ||
		func() bool {
			n = 2 // and so on
			return b
		}()`, []string{
			"assignment removed: ok = use(n) || // want\n\t\t// a comment\n\t\tb ||\n\t\tfunc() bool {\n\t\t\tn = 2 // and so on\n\t\t\treturn b\n\t\t}() -> ",
			"part of the condition dropped: use(n) || // want\n\t\t// a comment\n\t\tb ||\n\t\tfunc() bool {\n\t\t\tn = 2 // and so on\n\t\t\treturn b\n\t\t}() -> func() bool { n = 2 ; return b; }()",
			"&& and || exchanged: use(n) || // want\n\t\t// a comment\n\t\tb -> (use(n) && b)",
			"part of the condition dropped: use(n) || // want\n\t\t// a comment\n\t\tb -> b",
		}},
		{"constant beside the condition of a loop", `ok = 3 == n // want`, []string{"assignment removed: ok = 3 == n -> ", "comparison inverted: 3 == n -> 3 != n", "constant changed: 3 == n -> 4 == n"}},
		{"order in a condition", `ok = n < 3 // want`, []string{"assignment removed: ok = n < 3 -> ", "comparison inverted: n < 3 -> n >= 3", "boundary moved by one: n < 3 -> n <= 3"}},
		{"what follows each turn of a loop", `for i := 0; use(i); i++ { n++ } // want`, []string{"loop skipped: use(i) -> false && (use(i))", "++ and -- exchanged: n++ -> n--"}},
		{"guard that ends the program", `if n < 0 { // want
		log.Fatalf("bad %d", n)
	}`, []string{"guard skipped: n < 0 -> false && (n < 0)", "condition inverted: n < 0 -> n >= 0", "boundary moved by one: n < 0 -> n <= 0"}},
		{"guard in a function without an error", `f := func() bool {
		if n < 0 { // want
			return false
		}
		return true
	}
	use(f)`, []string{"condition inverted: n < 0 -> n >= 0", "boundary moved by one: n < 0 -> n <= 0"}},
		{"error that is nil is no guard", `if n < 0 { // want
		return 0, nil
	}`, []string{"condition inverted: n < 0 -> n >= 0", "boundary moved by one: n < 0 -> n <= 0"}},
		{"empty block", `if n < 0 { // want
	}`, nil},
		{"call as a condition", `if use(n) { // want
		n = 1
	}`, []string{"condition inverted: use(n) -> !use(n)"}},
		{"true returned", `f := func() bool { return false } // want
	use(f)`, []string{"boolean result inverted: false -> true"}},
		{"not", `ok = !use(n) // want`, []string{"assignment removed: ok = !use(n) -> ", "comparison inverted: !use(n) -> use(n)"}},
		{"minus is no not", `m := -n // want
	use(m)`, nil},
		{"or", `ok = ok || b // want`, []string{
			"assignment removed: ok = ok || b -> ", "&& and || exchanged: ok || b -> ok && b",
			"part of the condition dropped: ok || b -> b", "part of the condition dropped: ok || b -> ok",
		}},
		{"text returned", `f := func() string { return s } // want
	use(f)`, []string{`zero value returned: s -> ""`}},
		{"empty text returned", `f := func() string { return "" } // want
	use(f)`, []string{`zero value returned: "" -> "mutant"`}},
		{"number returned", `f := func() int { return 7 } // want
	use(f)`, []string{"zero value returned: 7 -> 0"}},
		{"complex values returned", `f := func() (*worker, []int, error) { return w, list, nil } // want
	use(f)`, []string{"zero value returned: w -> nil", "zero value returned: list -> nil"}},
		{"nothing returned", `f := func() ([]int, *worker) { return nil, w } // want
	use(f)`, []string{"zero value returned: w -> nil"}},
		{"empty lists returned", `f := func() ([]int, map[int]int) { return []int{}, make(map[int]int, n) } // want
	use(f)`, nil},
		{"list returned", `f := func() []int { return []int{n} } // want
	use(f)`, []string{"zero value returned: []int{n} -> nil"}},
		{"call returned", `f := func() []int { return append(list, n) } // want
	use(f)`, []string{"zero value returned: append(list, n) -> nil"}},
		{"struct returned", `f := func() worker { return worker{logger: w.logger} } // want
	use(f)`, []string{"zero value returned: worker{logger: w.logger} -> worker{}"}},
		{"empty struct returned", `f := func() logger { return logger{} } // want
	use(f)`, nil},
		{"what another gives", `f := func() (int, error) { return f(w, n, m, s, x, ok, b, list, err) } // want
	use(f)`, []string{"arguments exchanged: n, m -> m, n"}},
		{"what stands to receive", `select {
	case <-w.done(): // want
	default:
	}`, nil},
		{"after receiving", `select {
	default:
		n++ // want
	}`, []string{"++ and -- exchanged: n++ -> n--"}},
		{"field and method as arguments", `use(w.n, w.m) // want`, []string{"call removed: use(w.n, w.m) -> ", "arguments exchanged: w.n, w.m -> w.m, w.n"}},
		{"later arguments", `use(s, n, m) // want`, []string{"call removed: use(s, n, m) -> ", "arguments exchanged: n, m -> m, n"}},
		{"calls as arguments", `use(len(s), len(list)) // want`, []string{"call removed: use(len(s), len(list)) -> "}},
		{"the same twice", `use(n, n) // want`, []string{"call removed: use(n, n) -> "}},
		{"package's symmetric function", `ok = strings.EqualFold(s, s+s) // want`, []string{"assignment removed: ok = strings.EqualFold(s, s+s) -> "}},
		{"slice by a sum", `use(s[:n+m]) // want`, []string{"call removed: use(s[:n+m]) -> ", "arithmetic changed: n+m -> n-m", "slice off by one: n+m -> (n+m)-1"}},
		{"print to an error stream", `fmt.Fprintln(os.Stderr, n+1) // want`, nil},
		{"print to elsewhere", `fmt.Fprintln(w, n, m) // want`, []string{"call removed: fmt.Fprintln(w, n, m) -> ", "arguments exchanged: n, m -> m, n"}},
		{"print", `fmt.Println(n + 1) // want`, nil},
		{"metric", `w.Metrics.Add(n + 1) // want`, nil},
		{"neutral assignment", `n += 0 // want`, []string{"assignment removed: n += 0 -> "}},
		{"bits that are alike", `n := m & m // want
	use(n)`, nil},
		{"log", `log.Print(n + 1) // want`, nil},
		{"logger of one's own", `w.logger.Debug(n + 1) // want`, nil},
		{"lock", `w.mu.Lock() // want`, nil},
		{"condition of a log", `if n > 3 { // want
		log.Print("many")
	}`, nil},
		{"text of an error", `err = fmt.Errorf("bad %d", n+1) // want`, []string{`assignment removed: err = fmt.Errorf("bad %d", n+1) -> `}},
		{"constant", `const k = 1 + 2 // want
	use(k)`, nil},
		{"constant expression", `n := 1 << 10 // want
	use(n)`, nil},
		{"size of an array", `var a [2 * 4]int // want
	use(a)`, nil},
		{"label of a case", `switch n {
	case m + 1: // want
		n = 1
	}`, nil},
		{"neutral number", `n := m + 0 // want
	use(n)`, nil},
		{"maximum", `if m < n { // want
		m = n
	}`, []string{"condition inverted: m < n -> m >= n"}},
		{"duration", `d := time.Duration(n) * time.Second // want
	use(d)`, nil},
		{"blank", `_ = n // want`, nil},
		{"text joined", `s := s + "x" // want
	use(s)`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := "package m\n\nimport (\n\t\"errors\"\n\t\"fmt\"\n\t\"log\"\n\t\"os\"\n\t\"sort\"\n\t\"strings\"\n\t\"sync\"\n\t\"time\"\n)\n\n" +
				"var errNegative = errors.New(\"negative\")\n\ntype logger struct{}\n\nfunc (logger) Debug(...any) {}\n\ntype worker struct {\n\tlogger logger\n\tMetrics metrics\n\tmu sync.Mutex\n\tn, m int\n}\n\ntype metrics struct{}\n\nfunc (metrics) Add(int) {}\n\nfunc (w *worker) Write(p []byte) (int, error) { return len(p), nil }\n\nfunc (w *worker) done() chan int { return nil }\n\n" +
				"func use(...any) bool { return true }\n\nfunc f(w *worker, n, m int, s string, x float64, ok, b bool, list []int, err error) (int, error) {\n\t{\n\t" + tt.code + "\n\t}\n\t" +
				"use(n, m, s, x, ok, b, list, err)\n\treturn n, err\n}\n\nvar _, _, _ = fmt.Sprint, log.Print, time.Now\n"
			if !strings.Contains(tt.code, "sort.") {
				text += "\nvar _ = sort.Ints\n"
			}
			text += "\nvar _, _ = os.Exit, strings.Join\n"
			if !strings.Contains(text, "// want") {
				t.Fatal("no line is wanted")
			}
			found := find(t, text, 0)
			got := brief(text, found)
			for i, m := range found.Mutants {
				if m.ID != i+1 || m.Function != "f" || m.EndLine < m.Line {
					t.Errorf("%+v", m)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

// One mutant a line: the most telling that compiles.
func TestTheMostTellingOfALine(t *testing.T) {
	const text = "package m\n\nimport \"errors\"\n\nfunc f(n int) (int, error) {\n\tif n < 0 && n != -7 { return n + 1, errors.New(\"negative\") }\n\treturn n + 1, nil\n}\n"
	got := brief(text, find(t, text, 1))
	// Without the error nothing would use the import.
	want := []string{"guard skipped: n < 0 && n != -7 -> false && (n < 0 && n != -7)", "zero value returned: n + 1 -> 0"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if all := find(t, text, 0).Mutants; len(all) < 6 {
		t.Errorf("there are only %d mutants at all", len(all))
	}
}

func TestOptions(t *testing.T) {
	text := "package m\n\nfunc f(n int) int {\n" + strings.Repeat("\tn++\n", 10) + "\treturn n\n}\n"
	found, err := Find(one(text), Options{Importer: standard(t), PerLine: 1, Most: 4, FirstID: 50})
	if err != nil || len(found.Mutants) != 4 || found.Left != 7 || found.Mutants[0].ID != 50 || found.Mutants[3].ID != 53 {
		t.Errorf("%+v, %v", found, err)
	}
	if last := found.Mutants[3].Line; last < 10 {
		t.Errorf("the last of them is in line %d: they are not spread", last)
	}
	text = "package m\n\nfunc f(n int) int {\n\tif n > 1 {\n\t\tn++\n\t}\n\treturn n\n}\n"
	found, err = Find(one(text), Options{Importer: standard(t), Ops: []Op{Condition, Comparison}})
	if err != nil || len(found.Mutants) == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	for _, m := range found.Mutants {
		if m.Op != Condition && m.Op != Comparison {
			t.Errorf("%s was not asked for", m.Op)
		}
	}
}

// What is left out is counted, and only on wanted lines.
func TestCounts(t *testing.T) {
	const text = `package m

import "log"

type truth bool

func f(a, b int, c, d truth) int {
	log.Print(a + b)       // want: arid
	a = b * 1              // want: neutral
	x := 1 << 4 * a        // want: a constant is no mutant
	y := 1 << 4            // want: constant
	var e truth = c && d   // want: does not compile when woven
	log.Print(x, y, e)
	b = a + 0
	return a
}
`
	found := find(t, text, 0)
	if found.Arid != 1 || found.Equivalent != 1 || found.Constant != 2 || found.NotCompiled != 3 {
		t.Errorf("arid %d, equivalent %d, constant %d, not compiled %d", found.Arid, found.Equivalent, found.Constant, found.NotCompiled)
	}
	for _, m := range found.Mutants {
		if m.Line == 12 && m.Op == Connective {
			t.Errorf("%+v", m)
		}
	}
}

// Files and functions that are not mutated at all.
func TestLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"generated": "// Code generated by x. DO NOT EDIT.\n\npackage m\n\nfunc f(a int) int { return a + 1 }\n",
		"cgo":       "package m\n\nimport \"C\"\n\nfunc f(a int) int { return a + 1 }\n",
		"text":      "package m\n\ntype x int\n\nfunc (v x) String() string { if v > 1 { return \"many\" }; return \"few\" }\n",
		"types":     "package m\n\nconst n = 2 + 3\n\ntype x [n + 1]int\n",
	} {
		if found := find(t, text, 0); len(found.Mutants) != 0 {
			t.Errorf("%s: %q", name, brief(text, found))
		}
	}
	p := one("package m\n\nfunc f(a int) int { return a + 1 }\n")
	p.Files[0].Wants = nil
	if found, err := Find(p, Options{Importer: standard(t)}); err != nil || len(found.Mutants) != 0 {
		t.Errorf("unwanted: %+v, %v", found, err)
	}
}

func TestPackageThatDoesNotCompile(t *testing.T) {
	for _, text := range []string{"package m\n\nfunc f() int { return x }\n", "package m\n\nfunc {\n"} {
		if found, err := Find(one(text), Options{Importer: standard(t)}); err == nil {
			t.Errorf("%q gives %+v", text, found)
		}
	}
}

// A module of an old language has no generic functions. What needs one is left
// out, with what else is on its line; the rest is woven all the same.
func TestOldLanguage(t *testing.T) {
	p := one("package m\n\nfunc f(a, b int) int {\n\tif a == b {\n\t\ta = a + b\n\t}\n\treturn a\n}\n")
	p.GoVersion = "1.15"
	found, err := Find(p, Options{Importer: standard(t)})
	if err != nil || len(found.Mutants) != 2 || found.NotCompiled != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}

// The order in which sorted things stand is all one where they are equal.
func TestSameAtTheBoundary(t *testing.T) {
	for text, want := range map[string]int{
		"func less(i, j int) bool { return s[i] < s[j] }":                       1,
		"var f = func(i, j int) bool { return s[i] < s[j] }":                    0,
		"type x []int\n\nfunc (v x) Less(i, j int) bool { return v[i] < v[j] }": 0,
		"func g(a, b int) int { if a != b { if a < b { b++ } }; return b }":     0,
		"func g(a, b int) int { if a > b { return a }; return b }":              0,
		"func g(a, b int) int { if a > b { return 2 * a }; return b }":          1,
		"func g(a int) int { if a > 9 { a = 9 }; return a }":                    0,
		"func g(a, b int) int { if a > b { a = 9 }; return a }":                 1,
		"func g(a, b float64) bool { return a < b }":                            0,
		"func g(a, b string) bool { return a < b }":                             1,
		"func g[T int | int8](a, b T) bool { return a < b }":                    1,
		"func g[T any](a, b T, l func(T) int) bool { return l(a) < l(b) }":      1,
	} {
		found := find(t, "package m\n\nvar s []int\n\n"+text+"\n", 0)
		equivalent := 1 - want
		if strings.Contains(text, "float") { // there it is not even looked for
			equivalent = 0
		}
		if found.Equivalent != equivalent {
			t.Errorf("%s: %d boundaries are alike", text, found.Equivalent)
		}
	}
}

// Where a mutant is, for people.
func TestNames(t *testing.T) {
	const text = "package m\n\ntype x[T any] struct{}\n\nfunc (p *x[T]) f(a, b int) int { return a - b }\n\ntype y struct{}\n\nfunc (y) g(a, b int) int { return a - b }\n\nfunc (z *y) h(a, b int) int { return a - b }\n\nvar v = func(a, b int) int { return a - b }\n\ntype w[K, V any] struct{}\n\nfunc (u w[K, V]) i(a, b int) int { return a - b }\n"
	var got []string
	for _, m := range find(t, text, 1).Mutants {
		got = append(got, m.Function)
	}
	if want := []string{"x.f", "y.g", "y.h", "", "w.i"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestOps(t *testing.T) {
	for i, o := range Ops() {
		if o.Rank() != i {
			t.Errorf("%s has rank %d", o, o.Rank())
		}
	}
	for o, want := range map[Op]bool{Guard: true, ReturnBool: true, ReturnZero: true, Comparison: true, Connective: false, Boundary: false, Swap: false} {
		if o.IsCore() != want {
			t.Errorf("%s is core: %t", o, o.IsCore())
		}
	}
}

// The helper holds what it is asked for, and compiles.
func TestHelper(t *testing.T) {
	for _, l := range []Limit{NoLimit, DataSize} {
		text := string(Helper("m", 41, l))
		if !strings.Contains(text, "[42]uint32") || strings.Contains(text, "Setrlimit") != (l == DataSize) {
			t.Errorf("%q:\n%s", l, text)
		}
		p := Package{Path: "m", GoVersion: "1.26", Files: []File{{Name: "helper.go", Text: []byte(text)}}}
		if _, err := Find(p, Options{Importer: standard(t)}); err != nil {
			t.Errorf("%q: %v", l, err)
		}
	}
}

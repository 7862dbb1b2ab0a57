package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// odd makes files that a script cannot hold. In names and texts stand escapes
// as in Go:
//
//	odd lines FILE N HEAD LINE   HEAD, and N times LINE with the number for each %d
//	odd bytes FILE N TEXT        TEXT, repeated until it has N bytes
//	odd crlf FILE                the same file with other ends of lines
//	odd replace FILE OLD NEW     the same file with another text in it
func odd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: odd lines|bytes|crlf|replace FILE ...")
	}
	how, file := args[0], ts.MkAbs(unescaped(ts, args[1]))
	rest := make([]string, 0, 3)
	for _, a := range args[2:] {
		rest = append(rest, unescaped(ts, a))
	}
	text := ""
	switch {
	case how == "lines" && len(rest) == 3:
		var b strings.Builder
		b.WriteString(rest[1])
		for i := range number(ts, rest[0]) {
			b.WriteString(strings.ReplaceAll(rest[2], "%d", strconv.Itoa(i)) + "\n")
		}
		text = b.String()
	case how == "bytes" && len(rest) == 2:
		text = strings.Repeat(rest[1], (number(ts, rest[0])+len(rest[1])-1)/len(rest[1]))
	case how == "crlf" && len(rest) == 0:
		text = strings.ReplaceAll(ts.ReadFile(file), "\n", "\r\n")
	case how == "replace" && len(rest) == 2:
		if text = ts.ReadFile(file); !strings.Contains(text, rest[0]) {
			ts.Fatalf("%s has no %q", file, rest[0])
		}
		text = strings.ReplaceAll(text, rest[0], rest[1])
	default:
		ts.Fatalf("odd %q cannot be done", args)
	}
	ts.Check(os.WriteFile(file, []byte(text), 0o644))
}

func unescaped(ts *testscript.TestScript, text string) string {
	out, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	ts.Check(err)
	return out
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// judged judges without running anything. The exit code must be one of those
// given, the verdict must be whole, and no check may have failed to run; the
// named ones end as said:
//
//	judged CODE,... 'CHECK=STATUS ...' ARG...
func judged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: judged CODE,... 'CHECK=STATUS ...' ARG...")
	}
	want := map[string]string{}
	for w := range strings.FieldsSeq(args[1]) {
		check, status, _ := strings.Cut(w, "=")
		want[check] = status
	}
	err := ts.Exec("muster", append([]string{"check", "--static", "--json"}, args[2:]...)...)
	code := 0
	if exit := (*exec.ExitError)(nil); err != nil {
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], ","), fmt.Sprint(code)) {
		ts.Fatalf("the exit code is %d, not %s", code, args[0])
	}
	var verdict struct {
		Route  string
		Checks []struct{ Name, Status, Why string }
	}
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &verdict); err != nil || len(verdict.Checks) < 16 || verdict.Route == "" {
		ts.Fatalf("the verdict is not whole: %v", err)
	}
	for _, c := range verdict.Checks {
		if status, ok := want[c.Name]; ok && c.Status != status {
			ts.Fatalf("%s %s: %s", c.Name, c.Status, c.Why)
		}
		if c.Status != "passed" && c.Status != "failed" && c.Status != "skipped" {
			ts.Fatalf("%s could not run: %s", c.Name, c.Why)
		}
	}
}

package golang

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"

	"muster/internal/source"
)

// timeout reads the calls that bound how long something may take.
func (w *testWalker) timeout(call *ast.CallExpr) {
	name := w.code(call.Fun)
	short := name[strings.LastIndex(name, ".")+1:]
	index := -1
	switch {
	case name == "context.WithTimeout":
		index = 1
	case name == "time.After" || name == "time.AfterFunc" || name == "time.NewTimer":
		index = 0
	case short == "Eventually" || short == "Eventuallyf":
		for i, arg := range call.Args {
			if _, ok := millis(arg); ok {
				index = i
				break
			}
		}
	case short == "WithTimeout" && len(call.Args) == 1:
		index = 0
	}
	if index < 0 || index >= len(call.Args) {
		return
	}
	if ms, ok := millis(call.Args[index]); ok {
		w.test().Timeouts = append(w.test().Timeouts, source.Timeout{Millis: ms, Text: w.code(call), Line: w.rangeOf(call).Start})
	}
}

// millis calculates 5*time.Second.
func millis(e ast.Expr) (int64, bool) {
	switch x := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		if x.Op != token.MUL {
			return 0, false
		}
		if n, err := strconv.ParseInt(textOf(x.X), 10, 32); err == nil {
			ms, ok := millis(x.Y)
			return n * ms, ok
		}
		n, err := strconv.ParseInt(textOf(x.Y), 10, 32)
		ms, ok := millis(x.X)
		return n * ms, ok && err == nil
	case *ast.SelectorExpr:
		if pkg, ok := x.X.(*ast.Ident); !ok || pkg.Name != "time" {
			return 0, false
		}
		switch x.Sel.Name {
		case "Millisecond":
			return 1, true
		case "Second":
			return 1000, true
		case "Minute":
			return 60_000, true
		case "Hour":
			return 3_600_000, true
		}
	}
	return 0, false
}

func textOf(e ast.Expr) string {
	if lit, ok := ast.Unparen(e).(*ast.BasicLit); ok {
		return lit.Value
	}
	return ""
}

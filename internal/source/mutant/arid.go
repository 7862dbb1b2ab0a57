package mutant

import (
	"go/ast"
	"slices"
	"strings"
)

// isForPeople reports whether a method only makes text for people to read.
func isForPeople(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"String", "GoString", "Format"}, d.Name.Name)
}

// isEnd reports whether a call does not come back.
func isEnd(f code, n *ast.CallExpr) bool {
	switch callee(f, n) {
	case "panic", "os.Exit", "runtime.Goexit":
		return true
	}
	return strings.HasPrefix(calleeName(n), "Fatal")
}

// callee gives what is called as it is written: "panic", "log.Printf",
// "s.log.Debug".
func callee(f code, n *ast.CallExpr) string { return f.flat(n.Fun) }

// isArid reports whether a call has no effect that a test should look at:
// logs, metrics, traces, texts of errors, locks (which only a race shows),
// room set aside, and waiting.
func isArid(f code, n *ast.CallExpr) bool {
	name := callee(f, n)
	if slices.Contains(aridCalls(), name) {
		return true
	}
	path := strings.Split(name, ".")
	last := path[len(path)-1]
	switch {
	case slices.Contains(aridMethods(), last) && len(path) > 1:
		return true
	case strings.HasPrefix(name, "fmt.Print"), strings.HasPrefix(last, "Fatal"):
		return true
	case strings.HasPrefix(name, "fmt.Fprint") && len(n.Args) > 0:
		to := f.flat(n.Args[0])
		return to == "os.Stderr" || to == "os.Stdout"
	}
	for _, part := range path[:len(path)-1] {
		part = strings.ToLower(part)
		if i := strings.IndexAny(part, "([{"); i >= 0 {
			part = part[:i]
		}
		for _, arid := range []string{"log", "logger", "slog", "glog", "klog", "zap", "logrus", "metrics", "tracer", "span", "expvar", "prometheus", "telemetry"} {
			if part == arid || strings.HasSuffix(part, "logger") || strings.HasSuffix(part, "metrics") {
				return true
			}
		}
	}
	return false
}

func aridCalls() []string {
	return []string{
		"panic", "print", "println", "make", "fmt.Errorf", "errors.New", "time.Sleep", "runtime.GC", "runtime.KeepAlive",
		"runtime.Gosched", "debug.PrintStack", "context.WithTimeout", "context.WithDeadline", "cancel", "time.After", "time.NewTimer",
	}
}

func aridMethods() []string {
	return []string{
		"Lock", "Unlock", "RLock", "RUnlock", "Done", "Grow", "Clip", "Helper", "SetDeadline", "SetReadDeadline", "SetWriteDeadline",
	}
}

// isAridBlock reports whether a block does nothing, or nothing but arid calls.
func isAridBlock(f code, b *ast.BlockStmt) bool {
	for _, s := range b.List {
		e, ok := s.(*ast.ExprStmt)
		if !ok {
			return false
		}
		call, ok := e.X.(*ast.CallExpr)
		if !ok || isEnd(f, call) || !isArid(f, call) {
			return false
		}
	}
	return true
}

// isGenerated reports whether a file says of itself that a program wrote it,
// as "go help generate" lays down.
func isGenerated(f *ast.File) bool { return ast.IsGenerated(f) }

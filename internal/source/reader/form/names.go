package form

import (
	"slices"
	"strings"
)

// The names below are conventions that hold in every language that is read.

// LastName gives the last part of a dotted or :: separated name.
func LastName(name string) string {
	if i := strings.LastIndexAny(name, ".:!"); i >= 0 && i+1 < len(name) {
		return name[i+1:]
	}
	return strings.TrimSuffix(name, "!")
}

// IsValidation reports whether a call is named for what it makes sure of:
// validateUser, html.EscapeString, user.isAuthorized, check_access.
func IsValidation(call string) bool {
	w := words(LastName(call))
	if len(w) == 0 {
		return false
	}
	switch w[0] {
	case "validate", "check", "verify", "ensure", "assert", "require", "requires", "sanitize", "sanitise", "escape",
		"authorize", "authorise", "authenticate", "enforce", "permit", "forbid", "deny", "quote", "clean":
		return !IsLogging(call) && !slices.Equal(w, []string{"require"}) && !slices.Equal(w, []string{"clean"})
	}
	return slices.ContainsFunc(w[1:], func(s string) bool {
		switch s {
		case "escape", "sanitize", "sanitise", "sanitized", "validate", "valid", "authorized", "authorised", "authenticated",
			"permission", "permissions", "allowed", "permitted":
			return true
		}
		return false
	})
}

// IsLogging reports whether a call only tells somebody: log.Printf,
// console.error, logger.warning, println!.
func IsLogging(call string) bool {
	call = strings.ToLower(strings.TrimSuffix(call, "!"))
	switch call {
	case "print", "println", "eprintln", "eprint", "dbg", "warn", "error", "info", "debug", "trace":
		return true
	}
	parts := strings.FieldsFunc(call, func(r rune) bool { return strings.ContainsRune(".:()", r) })
	if len(parts) < 2 {
		return false
	}
	last := strings.TrimRight(parts[len(parts)-1], "fw")
	last = strings.TrimSuffix(strings.TrimSuffix(last, "ln"), "context")
	if strings.HasPrefix(last, "fatal") || strings.HasPrefix(last, "panic") || last == "exit" {
		return false
	}
	for _, p := range parts[:len(parts)-1] {
		switch p {
		case "log", "logs", "logger", "logging", "console", "slog", "klog", "glog", "zap", "logrus", "zerolog", "_log", "_logger", "fmt",
			"warnings", "tracing", "sentry", "sentry_sdk", "out", "err", "traceback", "winston", "pino":
			return p != "fmt" && p != "out" && p != "err" || strings.HasPrefix(last, "print") || strings.HasPrefix(last, "fprint")
		}
		if strings.HasSuffix(p, "logger") || strings.HasSuffix(p, "log") {
			return true
		}
	}
	return last == "printstacktrace"
}

// IsErrorName reports whether a variable is named as errors are.
func IsErrorName(name string) bool {
	if strings.Trim(name, "0123456789") == "e" || name == "ex" || name == "exc" {
		return true
	}
	w := words(name)
	if len(w) == 0 {
		return false
	}
	switch strings.TrimRight(w[len(w)-1], "0123456789") {
	case "err", "error", "errs", "errors", "exception", "failure":
		return true
	}
	return false
}

// MaxChain is how many parts of a chain of calls its name has at most: the
// last ones.
const MaxChain = 12

package guards

import (
	"fmt"
	"strings"

	"muster/internal/check"
)

// family is a sort of call that makes a function safe.
type family struct {
	name   string
	calls  *check.Pattern // on the whole name of a call
	weight float64
	say    string

	instead *check.Pattern // calls by which a project does the same itself
}

// families gives the sorts of protecting calls. The names are those of the
// standard libraries and of widely used packages of the languages that are
// read.
func families() []family {
	re := check.Lazy
	return []family{
		{
			"constant-time", re(`(?i)subtle\.ConstantTime|hmac\.Equal$|compare_digest$|timingSafeEqual$|constant_time_compare$|MessageDigest\.isEqual$|secure_?compare$|CompareHashAndPassword$`), 1.6,
			"no longer compares in constant time (`%s`)", re(`(?i)constant|secure|equal|compare|verify`),
		},
		{
			"authorize", re(`(?i)(^|[._])((require|check|verify|ensure|assert|enforce|must|has|is|can|validate)_?(\w*_)?(auth\w*|permission\w*|access|login|logged\w*|csrf\w*|role\w*|admin|owner\w*|signature\w*|scope\w*|password\w*|origin\w*)|authori[sz]e\w*|authenticate\w*|jwtverify|verify_?(token|jwt|signature)\w*)$`), 1.5,
			"no longer makes sure who calls (`%s`)", re(`(?i)auth|permi|allow|access|check|verif|role|guard`),
		},
		{
			"escape", re(`(?i)html\.escape\w*$|escapehtml$|HTMLEscape\w*$|JSEscape\w*$|shlex\.quote$|shellescape\w*|encodeURIComponent$|DOMPurify\.sanitize$|bleach\.clean$|markupsafe\.escape$|secure_filename$|url\.(Query|Path)Escape$|sanitize\w*$|safe_join$|securejoin\w*$`), 1.4,
			"no longer escapes (`%s`)", re(`(?i)escap|quot|sanit|encod|clean`),
		},
		{
			"schema", re(`(?i)schema\w*\.(safe)?parse(async)?$|\.(model_)?validate(sync|async|_python|_json)?$`), 1,
			"no longer checks what comes in against its schema (`%s`)", re(`(?i)schema|valid|parse`),
		},
		{
			"path", re(`(filepath|path)\.(Clean|IsLocal|EvalSymlinks)$|normpath$|realpath(Sync)?$|path\.normalize$|toRealPath$`), 0.6,
			"no longer cleans a path (`%s`)", re(`(?i)path|clean|root|local|resolve|join|safe`),
		},
		{"lock", re(`(?i)\.r?lock$|\.acquire$`), 1.2, "no longer takes the lock (`%s`)", re(`(?i)lock|atomic|\.(load|store|swap|compareandswap|add|do)$|once|locked|sync|mu\b|chan`)},
		{
			"timeout", re(`(?i)context\.With(Timeout|Deadline)\w*$|\.Set(Read|Write)?Deadline$|http\.TimeoutHandler$|wait_for$|settimeout$|AbortSignal\.timeout$`), 1,
			"no longer bounds the time (`%s`)", re(`(?i)timeout|deadline|context|expire|after`),
		},
		{"limit", re(`(?i)(io\.Limit(ed)?Reader|http\.MaxBytesReader|LimitReader)$`), 1.2, "no longer bounds how much it reads (`%s`)", re(`(?i)limit|max|bound`)},
		{
			"transaction", re(`(?i)\.begin(tx|_nested)?$|transaction\.atomic$|\.\$?transaction$|runintransaction$|withtransaction$|in_transaction$`), 1.2,
			"no longer works in a transaction (`%s`)", re(`(?i)tx|transact|atomic|batch`),
		},
	}
}

// familiesOf counts the protecting calls of a function by family.
func familiesOf(f *function) map[string]int {
	out := map[string]int{}
	if f == nil {
		return out
	}
	for _, c := range f.Calls {
		if x, ok := familyOf(c.Name); ok {
			out[x.name]++
		}
	}
	for _, l := range f.lines {
		if name := deferred(l); name != "" {
			out[name]++
		}
	}
	return out
}

var all = families() //nolint:gochecknoglobals // patterns are compiled once; they never change

func familyOf(call string) (family, bool) {
	call = strings.ReplaceAll(call, "()", "")
	for _, x := range all {
		if x.calls.MatchString(call) {
			return x, true
		}
	}
	return family{}, false
}

var closing = check.Lazy(`^defer .*\b(Close|Rollback|Unlock|RUnlock|Release|cancel\w*|Cancel)\(`)

func deferred(line string) string {
	if m := closing.FindStringSubmatch(line); m != nil {
		return "defer"
	}
	return ""
}

// protections gives the protecting calls that a function no longer makes, and
// that nothing of the change makes instead.
func (m match) protections(e everywhere) []loss {
	was, is := familiesOf(m.base), familiesOf(m.head)
	var out []loss
	for _, x := range all {
		gone := was[x.name] - is[x.name]
		if gone <= 0 || is[x.name] > 0 {
			continue // what is left of the same sort may do for both
		}
		if e.calls[x.name] > 0 {
			e.calls[x.name]--
			continue
		}
		if x.instead != nil && m.gains(x.instead) {
			continue
		}
		for _, c := range m.base.Calls {
			if f, ok := familyOf(c.Name); ok && f.name == x.name {
				out = append(out, loss{rule: ruleCall, say: fmt.Sprintf(x.say, clip(c.Name)), text: c.Name, weight: x.weight, old: c.Line})
				break
			}
		}
	}
	if was["defer"] > is["defer"] && e.calls["defer"] == 0 {
		out = append(out, m.undeferred()...)
	}
	return out
}

// undeferred gives the first deferred release that is gone although what it
// releases is still taken.
func (m match) undeferred() []loss {
	have, balance := map[string]int{}, 0
	for _, l := range m.head.lines {
		have[l]++
		if strings.HasPrefix(l, "defer ") {
			balance++
		}
	}
	for _, l := range m.base.lines {
		if strings.HasPrefix(l, "defer ") {
			balance--
		}
	}
	if balance >= 0 {
		return nil // something else is deferred instead
	}
	for i, l := range m.base.lines {
		if deferred(l) == "" || have[l] > 0 {
			continue
		}
		what := strings.TrimPrefix(l, "defer ")
		what, _, _ = strings.Cut(what, "(")
		root, _, _ := strings.Cut(what, ".")
		released := last(what)
		if m.head.words[root] == 0 || m.head.words[released] > 0 {
			continue
		}
		return []loss{{rule: ruleCall, say: "no longer releases what it takes (`" + clip(l) + "`)", text: l, weight: 1, old: m.base.Start + i}}
	}
	return nil
}

// gains reports whether the head makes a call of such a name that the base
// did not make.
func (m match) gains(name *check.Pattern) bool {
	had := map[string]int{}
	for _, c := range m.base.Calls {
		had[c.Name]++
	}
	for _, c := range m.head.Calls {
		if had[c.Name]--; had[c.Name] < 0 && name.MatchString(c.Name) {
			return true
		}
	}
	return false
}

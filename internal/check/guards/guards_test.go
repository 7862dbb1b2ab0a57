package guards

import (
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

func judged(t *testing.T, base, head checktest.Files) evidence.Result {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": head})
	return checktest.Run(t, New(), trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
}

const server = `package auth

import (
	"crypto/subtle"
	"os"
	"sync"
)

var errTooLong = errors.New("too long")

type Server struct {
	mu    sync.Mutex
	users map[string]string
	max   int
}

// Login lets a user in.
func (s *Server) Login(name, password string) (string, error) {
	if name == "" {
		return "", errors.New("no name")
	}
	if len(password) >= s.max {
		return "", errTooLong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	want, ok := s.users[name]
	if !ok || want == "" {
		return "", errors.New("unknown user")
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(password)) != 1 {
		return "", errors.New("wrong password")
	}
	if err := s.audit(name); err != nil {
		return "", err
	}
	return name, nil
}

func (s *Server) audit(name string) error {
	f, err := os.Create("audit")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(name); err != nil {
		return err
	}
	return f.Sync()
}
`

// edit replaces pieces of a text: old, new, old, new.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the text has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func TestGuards(t *testing.T) {
	const noName = "\tif name == \"\" {\n\t\treturn \"\", errors.New(\"no name\")\n\t}\n"
	tests := []struct {
		name  string
		edits []string
		rule  string // "" when nobody need look
		says  string
	}{
		{"condition removed", []string{noName, ""}, "dropped", "Server.Login no longer refuses when `name == \"\"` (line 19 of the base)."},
		{"bound widened", []string{"len(password) >= s.max", "len(password) > s.max"}, "weakened", "refuses less: `len(password) > s.max` where it was `len(password) >= s.max`"},
		{"alternative removed", []string{"!ok || want == \"\"", "!ok"}, "weakened", "no longer refuses when `want == \"\"`"},
		{"only under another condition", []string{"len(password) >= s.max", "len(password) >= s.max && name != \"root\""}, "weakened", "refuses only when also `name != \"root\"`"},
		{"opposite", []string{"if name == \"\" {", "if name != \"\" {"}, "weakened", "refuses the opposite"},
		{"error thrown away", []string{"\tif err := s.audit(name); err != nil {\n\t\treturn \"\", err\n\t}\n", "\t_ = s.audit(name)\n"}, "error", "no longer looks at the error of `s.audit`"},
		{"error only logged", []string{"err != nil {\n\t\treturn \"\", err\n\t}\n\treturn name", "err != nil {\n\t\tlog.Println(err)\n\t}\n\treturn name", "\tif len(password) >= s.max {\n\t\treturn \"\", errTooLong\n\t}\n", ""}, "dropped", "no longer refuses when `len(password) >= s.max`"},
		{"plain comparison", []string{"subtle.ConstantTimeCompare([]byte(want), []byte(password)) != 1", "want != password"}, "call", "no longer compares in constant time"},
		{"lock removed", []string{"\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n", ""}, "call", "no longer takes the lock (`s.mu.Lock`)"},
		{"file left open", []string{"\tdefer f.Close()\n", ""}, "call", "no longer releases what it takes (`defer f.Close()`)"},

		{"both of a small function", []string{noName, "", "\tif len(password) >= s.max {\n\t\treturn \"\", errTooLong\n\t}\n", ""}, "dropped", ", and no longer refuses when"},
		{"error forgotten", []string{"if err := s.audit(name); err != nil {\n\t\treturn \"\", err\n\t}\n", "err := s.audit(name)\n\t_ = err\n"}, "error", "no longer looks at the error of `s.audit`"},
		{"passed over", []string{"if len(password) >= s.max {\n\t\treturn \"\", errTooLong", "if len(password) == s.max {\n\t\treturn name, nil"}, "weakened", "passes over what it refused"},

		{"nothing lost", []string{"no name", "a name is needed"}, "", ""},
		{"bound sharpened", []string{"len(password) >= s.max", "len(password) >= s.max || len(password) < 8"}, "", ""},
		{"written otherwise", []string{"if name == \"\" {", "if len(name) == 0 {"}, "", ""},
		{"variable renamed", []string{"if name == \"\" {", "if user == \"\" {", "Login(name, ", "Login(user, ", "s.users[name]", "s.users[user]", "s.audit(name)", "s.audit(user)", "return name", "return user"}, "", ""},
		{"moved to a new helper", []string{noName, "\tif err := complete(name); err != nil {\n\t\treturn \"\", err\n\t}\n", "func (s *Server) audit(", "func complete(n string) error {\n\tif n == \"\" {\n\t\treturn errors.New(\"no name\")\n\t}\n\treturn nil\n}\n\nfunc (s *Server) audit("}, "", ""},
		{"function deleted", []string{server[strings.Index(server, "func (s *Server) audit("):], "", "\tif err := s.audit(name); err != nil {\n\t\treturn \"\", err\n\t}\n", ""}, "", ""},
		{"error handed on", []string{"\tif err := s.audit(name); err != nil {\n\t\treturn \"\", err\n\t}\n\treturn name, nil", "\treturn name, s.audit(name)"}, "", ""},
		{"other lock", []string{"\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n", "\ts.lock()\n\tdefer s.unlock()\n"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judged(t, checktest.Files{"server.go": server}, checktest.Files{"server.go": edit(t, server, tt.edits...)})
			var asking []evidence.Finding
			for _, f := range got.Findings {
				if f.Level == evidence.Gate {
					t.Errorf("it blocks: %+v", f)
				}
				if f.Level == evidence.Locator {
					asking = append(asking, f)
				}
			}
			switch {
			case got.Status == evidence.CouldNot || len(got.NotRun) > 0:
				t.Errorf("%s, %q", got.Why, got.NotRun)
			case tt.rule == "" && len(asking) > 0:
				t.Errorf("%+v", asking)
			case tt.rule == "":
			case len(asking) != 1:
				t.Errorf("%+v", got.Findings)
			case asking[0].Rule != tt.rule || !strings.Contains(asking[0].Message, tt.says) || asking[0].StartLine == 0:
				t.Errorf("%+v", asking[0])
			}
		})
	}
}

func TestSettings(t *testing.T) {
	const client = "package x\n\nfunc dial() *tls.Config {\n\tc := &tls.Config{MinVersion: tls.VersionTLS12}\n\treturn c\n}\n"
	off := edit(t, client, "MinVersion: tls.VersionTLS12", "InsecureSkipVerify: true")
	for name, tt := range map[string]struct {
		base, head string
		path       string
		fires      bool
	}{
		"switched off":     {client, off, "dial.go", true},
		"was so before":    {off, edit(t, off, "return c", "return c // as it was"), "dial.go", false},
		"in a test":        {client, off, "dial_test.go", false},
		"in an example":    {client, off, "examples/dial.go", false},
		"moved in a line":  {off, edit(t, off, "InsecureSkipVerify: true", "InsecureSkipVerify: true, MinVersion: 1"), "dial.go", false},
		"middleware":       {"package x\n\nfunc f() {\n\tr.Use(middleware.Auth(cfg))\n\tr.Get(h)\n}\n", "package x\n\nfunc f() {\n\tr.Get(h)\n}\n", "dial.go", true},
		"middleware moved": {"package x\n\nfunc f() {\n\tr.Use(middleware.Auth(cfg))\n\tr.Get(h)\n}\n", "package x\n\nfunc f() {\n\tapi.Use(mw.Auth(other))\n\tapi.Get(h)\n}\n", "dial.go", false},
		"a cost lowered":   {"package x\n\nconst bcryptCost = 12\n", "package x\n\nconst bcryptCost = 4\n", "password.go", true},
		"a cost raised":    {"package x\n\nconst bcryptCost = 12\n", "package x\n\nconst bcryptCost = 14\n", "password.go", false},
		"a limit raised":   {"package x\n\nconst maxBody = 1 << 10\n", "package x\n\nconst maxBody = 1 << 20\n", "y.go", false}, // said, and folded away
	} {
		got := judged(t, checktest.Files{tt.path: tt.base}, checktest.Files{tt.path: tt.head})
		if fires := got.Status == evidence.Failed; fires != tt.fires {
			t.Errorf("%s: %s %+v", name, got.Status, got.Findings)
		}
	}
}

// New ways to lose an error count, and those that moved do not.
func TestSwallows(t *testing.T) {
	const before = "package x\n\nfunc save(a A) error {\n\tif err := a.Commit(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n"
	const recovers = "package x\n\nfunc save(a A) error {\n\tdefer func() { _ = recover() }()\n\tif err := a.Commit(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n"
	const moved = "package x\n\nfunc save(a A) error {\n\tdefer quiet()\n\tif err := a.Commit(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n\nfunc quiet() { _ = recover() }\n"
	for name, tt := range map[string]struct {
		base, head string
		fires      bool
	}{
		"a panic is caught": {before, recovers, true},
		"it was before":     {recovers, strings.Replace(recovers, "save", "store", 1), false},
		"it moved":          {recovers, moved, false},
		"in a new function": {before, before + "\nfunc parseAll() error {\n\tdefer func() { _ = recover() }()\n\treturn parse()\n}\n", true},
	} {
		got := judged(t, checktest.Files{"a.go": tt.base}, checktest.Files{"a.go": tt.head})
		if fires := got.Status == evidence.Failed; fires != tt.fires || got.Status == evidence.CouldNot {
			t.Errorf("%s: %s %+v", name, got.Status, got.Findings)
		}
	}
}

// What several functions lost alike is told once.
func TestTheSameInSeveralFunctions(t *testing.T) {
	var base, head strings.Builder
	base.WriteString("package x\n")
	head.WriteString("package x\n")
	for _, name := range []string{"One", "Two", "Three", "Four"} {
		body := "\tif !s.allowed(user) {\n\t\treturn errForbidden\n\t}\n"
		fn := "\nfunc (s *S) " + name + "(user string) error {\nBODY\ts.count(user, \"" + name + "\")\n\treturn nil\n}\n"
		base.WriteString(strings.Replace(fn, "BODY", body, 1))
		head.WriteString(strings.Replace(fn, "BODY", "", 1))
	}
	got := judged(t, checktest.Files{"s.go": base.String()}, checktest.Files{"s.go": head.String()})
	if len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, "3 more functions") {
		t.Errorf("%+v", got.Findings)
	}
}

// A finding's fingerprint stays when lines move, and its place is right.
func TestPlace(t *testing.T) {
	lost := edit(t, server, "\tif name == \"\" {\n\t\treturn \"\", errors.New(\"no name\")\n\t}\n", "")
	one := judged(t, checktest.Files{"a.go": server}, checktest.Files{"a.go": lost}).Findings
	pad := "package auth\n\n// Padding.\n// Padding.\n"
	two := judged(t, checktest.Files{"a.go": edit(t, server, "package auth\n", pad)}, checktest.Files{"a.go": edit(t, lost, "package auth\n", pad)}).Findings
	if len(one) != 1 || len(two) != 1 || one[0].Fingerprint != two[0].Fingerprint || two[0].StartLine != one[0].StartLine+3 || one[0].StartLine != 18 {
		t.Errorf("%+v\n%+v", one, two)
	}
}

func TestSkipsAndFailures(t *testing.T) {
	if got := judged(t, checktest.Files{"a.md": "x"}, checktest.Files{"a.md": "y"}); got.Status != evidence.Skipped {
		t.Errorf("without source: %+v", got)
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a.go": server}, "head": {"a.go": server + "\n"}})
	req := checktest.Request(evidence.OfRange)
	if got := checktest.Run(t, broken{New()}, trees, checktest.NoExec(t), req); got.Status != evidence.CouldNot {
		t.Errorf("unreadable: %+v", got)
	}
	req.Head = req.Base
	if got := checktest.Run(t, New(), trees, checktest.NoExec(t), req); got.Status != evidence.Skipped {
		t.Errorf("nothing changed: %+v", got)
	}
	hostile := "package x\n\nfunc f(\xff\xfe {\r\n\tif a || ((b) {\n\t\treturn\n" + strings.Repeat("(", 5000)
	if got := judged(t, checktest.Files{"a.go": server}, checktest.Files{"a.go": hostile}); got.Status == evidence.CouldNot {
		t.Errorf("hostile: %+v", got)
	}
}

// The same in languages that throw, and what only they have.
func TestOtherLanguages(t *testing.T) {
	const py = `import hmac
from flask import Flask, request, abort
from auth import login_required

app = Flask(__name__)


@app.route("/orders/<int:order_id>")
@login_required
def order(order_id, limit=10):
    if order_id <= 0:
        raise ValueError("order id")
    if not hmac.compare_digest(request.headers["x-key"], KEY):
        abort(403)
    try:
        found = load(order_id)
    except LookupError:
        raise NotFound(order_id)
    return escape(found.title)
`
	const ts = `import { timingSafeEqual } from 'crypto'

export async function transfer(from: Account, to: Account, amount: number): Promise<void> {
  if (amount <= 0) {
    throw new RangeError('amount')
  }
  if (!from.owner.canTransfer(amount)) {
    throw new Error('not allowed')
  }
  await db.transaction(async (tx) => {
    await tx.debit(from, amount)
    await tx.credit(to, amount)
  })
}

app.use(requireAuth)
app.post('/transfer', transfer)
`
	tests := []struct {
		name, path, text string
		edits            []string
		rule             string
	}{
		{"python, a condition", "orders.py", py, []string{"    if order_id <= 0:\n        raise ValueError(\"order id\")\n", ""}, "dropped"},
		{"python, widened", "orders.py", py, []string{"order_id <= 0", "order_id < 0"}, "weakened"},
		{"python, a decorator", "orders.py", py, []string{"@login_required\n", ""}, "switch"},
		{"python, plain comparison", "orders.py", py, []string{"not hmac.compare_digest(request.headers[\"x-key\"], KEY)", "request.headers[\"x-key\"] != KEY"}, "call"},
		{"python, swallowed", "orders.py", py, []string{"        raise NotFound(order_id)", "        pass"}, "swallow"},
		{"python, throws no more", "orders.py", py, []string{"        raise NotFound(order_id)", "        found = Order(order_id)"}, "error"},
		{"python, throws no more and is shorter", "orders.py", strings.Replace(py, "    try:\n", "    try:\n        count = 1\n", 1), []string{"        count = 1\n", "", "        raise NotFound(order_id)", "        found = Order(order_id)"}, "error"},
		{"python, catches no more", "orders.py", py, []string{"    try:\n        found = load(order_id)\n    except LookupError:\n        raise NotFound(order_id)\n", "    found = load(order_id)\n"}, ""},
		{"python, a bound", "orders.py", strings.Replace(py, "    return escape", "    if limit > MAX_LIMIT:\n        limit = MAX_LIMIT\n    return escape", 1), []string{"    if limit > MAX_LIMIT:\n        limit = MAX_LIMIT\n", ""}, "dropped"},
		{"python, a bound by min", "orders.py", strings.Replace(py, "    return escape", "    if limit > MAX_LIMIT:\n        limit = MAX_LIMIT\n    return escape", 1), []string{"    if limit > MAX_LIMIT:\n        limit = MAX_LIMIT\n", "    limit = min(limit, MAX_LIMIT)\n"}, ""},
		{"typescript, no schema", "pay.ts", strings.Replace(ts, "  if (amount <= 0) {", "  const order = orderSchema.parse(amount)\n  if (amount <= 0) {", 1), []string{"orderSchema.parse(amount)", "amount as Order"}, "call"},
		{"python, no escaping", "orders.py", py, []string{"escape(found.title)", "found.title"}, "dropped"},
		{"python, no verification", "orders.py", py, []string{"found = load(order_id)", "found = requests.get(URL, verify=False)"}, "switch"},
		{"python, another decorator", "orders.py", py, []string{"@login_required\n", "@auth.login_required\n"}, ""},
		{"python, renamed", "orders.py", py, []string{"order(order_id", "order(number", "order_id <= 0", "number <= 0", "load(order_id)", "load(number)", "NotFound(order_id)", "NotFound(number)"}, ""},
		{"typescript, a condition", "pay.ts", ts, []string{"  if (!from.owner.canTransfer(amount)) {\n    throw new Error('not allowed')\n  }\n", ""}, "dropped"},
		{"typescript, no transaction", "pay.ts", ts, []string{"  await db.transaction(async (tx) => {\n    await tx.debit(from, amount)\n    await tx.credit(to, amount)\n  })", "  await db.debit(from, amount)\n  await db.credit(to, amount)"}, "call"},
		{"typescript, no middleware", "pay.ts", ts, []string{"app.use(requireAuth)\n", ""}, "switch"},
		{"typescript, swallowed", "pay.ts", ts, []string{"  await db.transaction(async (tx) => {", "  try { await notify(to) } catch (e) {}\n  await db.transaction(async (tx) => {"}, "swallow"},
		{"typescript, a message", "pay.ts", ts, []string{"'not allowed'", "'forbidden'"}, ""},
		{"typescript, another form", "pay.ts", ts, []string{"  if (amount <= 0) {\n    throw new RangeError('amount')\n  }", "  if (!(amount > 0)) throw new RangeError('amount')"}, ""},
	}
	for _, tt := range tests {
		got := judged(t, checktest.Files{tt.path: tt.text}, checktest.Files{tt.path: edit(t, tt.text, tt.edits...)})
		fires := got.Status == evidence.Failed
		if got.Status == evidence.CouldNot || fires != (tt.rule != "") || fires && got.Findings[0].Rule != tt.rule {
			t.Errorf("%s: %s %+v", tt.name, got.Status, got.Findings)
		}
	}
}

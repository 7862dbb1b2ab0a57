package reader

import (
	"strings"
	"testing"
)

// factsOf gives the guards and swallows of the first function of a text, in a
// short form.
func factsOf(t *testing.T, p *Parser, name, body string) string {
	t.Helper()
	text := map[string]string{
		"a.go": "package a\nfunc f() {\n@\n}\n", "a.py": "def f():\n    @\n", "a.js": "function f() {\n@\n}\n", "a.ts": "function f(): T {\n@\n}\n",
		"A.java": "class A { void f() {\n@\n} }\n", "a.rs": "fn f() {\n@\n}\n",
	}[name]
	if name == "a.py" {
		body = strings.ReplaceAll(body, "\n", "\n    ")
	}
	f, err := p.Parse(t.Context(), name, []byte(strings.Replace(text, "@", body, 1)))
	if err != nil || len(f.Broken) > 0 || len(f.Functions) == 0 {
		t.Fatalf("%s %q: %v, broken %v", name, body, err, f.Broken)
	}
	var out []string
	for _, g := range f.Functions[0].Guards {
		out = append(out, string(g.Kind)+" "+g.Exit)
	}
	for _, s := range f.Functions[0].Swallows {
		out = append(out, "lost "+string(s.Kind))
	}
	return strings.TrimSpace(strings.Join(out, ", "))
}

// Each rule has a text where it fires and one close to it where it must not.
func TestGuardsAndSwallows(t *testing.T) {
	p := newParser(t)
	for _, tt := range []struct{ name, body, want string }{
		{"a.go", "if err != nil { return err }", "error return"},
		{"a.go", "if err == nil { return nil }", "condition return"},
		{"a.go", "if err != nil { err = wrap(err) }", ""},
		{"a.go", "if x { y() }", ""},
		{"a.go", "if x { log.Print(x) }", ""},
		{"a.go", "if err != nil { log.Print(err) }", "lost logged"},
		{"a.go", "if err != nil { log.Fatal(err) }", "error exit"},
		{"a.go", "if err != nil { log.Print(err); return }", "error return"},
		{"a.go", "if err != nil { return nil, err }", "error return"},
		{"a.go", "if err != nil { return nil }", "condition return, lost replaced"},
		{"a.go", "if errors.Is(err, io.EOF) { return nil }", "error return"},
		{"a.go", "_ = g()", "lost discarded"},
		{"a.go", "_ = x", ""},
		{"a.go", "v, _ := m[k]", ""},
		{"a.go", "a, _ := strings.CutPrefix(x, y)", ""},
		{"a.go", "defer func() { recover() }()", "lost recovered"},
		{"a.go", "defer func() { if r := recover(); r != nil { panic(r) } }()", "condition panic"},
		{"a.go", "if isValid(x) { return }", "condition return"},
		{"a.go", "ok := isValid(x)", "validation"},
		{"a.go", "switch { case err != nil: return; case x: y() }", "error return"},
		{"a.go", "switch x { case 1: return }", ""},
		{"a.py", "try:\n    g()\nexcept E:\n    pass", "lost emptied"},
		{"a.py", "try:\n    g()\nexcept E:\n    h()", ""},
		{"a.py", "try:\n    g()\nexcept E:\n    raise", "error throw"},
		{"a.py", "try:\n    g()\nexcept E as e:\n    return wrap(e)", "error return"},
		{"a.py", "try:\n    g()\nexcept E as e:\n    return []", "lost replaced"},
		{"a.py", "try:\n    g()\nexcept E as e:\n    logger.info(e)\n    raise", "error throw"},
		{"a.py", "try:\n    g()\nexcept E as e:\n    logger.info(e)\n    return None", "lost replaced"},
		{"a.py", "with suppress(E):\n    g()", "lost discarded"},
		{"a.py", "if not x:\n    g()", ""},
		{"a.py", "assert x", "condition throw"},
		{"a.py", "for x in y:\n    if x: continue", "condition continue"},
		{"a.js", "try { g() } catch (e) { }", "lost emptied"},
		{"a.js", "try { g() } catch (e) { h(e) }", ""},
		{"a.js", "try { g() } catch (e) { return }", "lost replaced"},
		{"a.js", "try { g() } catch (e) { console.log(e); process.exit(1) }", "error exit"},
		{"a.js", "g().catch(() => {})", "lost emptied"},
		{"a.js", "g().catch(report)", ""},
		{"a.js", "g().then(() => {})", ""},
		{"a.js", "g().catch(e => { throw e })", "error throw"},
		{"a.js", "if (!x) throw new Error('x')", "condition throw"},
		{"a.js", "if (!err) return 1", "condition return"},
		{"a.ts", "if (err instanceof E) { return g(err) }", "error return"},
		{"a.ts", "x!.validateAll<T>(y)", "validation"},
		{"A.java", "try { g(); } catch (E e) { }", "lost emptied"},
		{"A.java", "try { g(); } catch (E e) { Thread.currentThread().interrupt(); }", ""},
		{"A.java", "try { g(); } catch (E e) { return Optional.empty(); }", "lost replaced"},
		{"A.java", "try { g(); } catch (E e) { return Optional.of(e); }", "error return"},
		{"A.java", "try { g(); } catch (E e) { e.printStackTrace(); }", "lost logged"},
		{"A.java", "if (x) { System.exit(1); } else { y(); }", "condition exit"},
		{"a.rs", "g()?;", "error return"},
		{"a.rs", "let _ = g();", "lost discarded"},
		{"a.rs", "let _ = x;", ""},
		{"a.rs", "let _x = g();", ""},
		{"a.rs", "g().ok();", "lost discarded"},
		{"a.rs", "let x = g().ok();", ""},
		{"a.rs", "let x = g().unwrap_or_default();", "lost replaced"},
		{"a.rs", "let x = g().unwrap_or_else(|| 0);", ""},
		{"a.rs", "let x = g().unwrap_or_else(|e| 0);", "lost replaced"},
		{"a.rs", "let x = g().unwrap_or_else(|e| h(e));", ""},
		{"a.rs", "match g() { Err(_) => {} Ok(x) => x }", "lost emptied"},
		{"a.rs", "match g() { Err(E::Gone) => {} Ok(x) => x }", ""},
		{"a.rs", "match g() { Err(e) => return Err(e), Ok(x) => x }", "error return"},
		{"a.rs", "let Some(x) = g() else { return };", "condition return"},
		{"a.rs", "if let Err(e) = g() { log::warn!(\"{e}\"); }", "lost logged"},
	} {
		if got := factsOf(t, p, tt.name, tt.body); got != tt.want {
			t.Errorf("%s %q: %q, not %q", tt.name, tt.body, got, tt.want)
		}
	}
}

func TestComplexity(t *testing.T) {
	p := newParser(t)
	for _, tt := range []struct {
		name, body string
		want       int
	}{
		{"a.go", "if a && b || c { for { if x { } } } else if y { } else { }", 1 + 2 + 2 + 3 + 1 + 1},
		{"a.js", "if (a && b || c) { for (;;) { if (x) { } } } else if (y) { } else { }", 1 + 2 + 2 + 3 + 1 + 1},
		{"A.java", "if (a && b || c) { for (;;) { if (x) { } } } else if (y) { } else { }", 1 + 2 + 2 + 3 + 1 + 1},
		{"a.rs", "if a && b || c { loop { if x { } } } else if y { } else { }", 1 + 2 + 2 + 3 + 1 + 1},
		{"a.py", "if a and b or c:\n    for x in y:\n        if x: pass\nelif y: pass\nelse: pass", 1 + 2 + 2 + 3 + 1 + 1},
		{"a.go", "f()", 1},
		{"a.js", "f()", 1},
		{"a.py", "f()", 1},
		{"a.rs", "f();", 1},
		{"A.java", "this.f();", 1},
		{"a.go", "g := func() { if x { } }", 2},
		{"a.js", "g(() => { if (x) { } })", 2},
		{"a.py", "g(lambda: 1 if x else 2)", 2},
		{"a.js", "switch (x) { case 1: try { } catch (e) { h() } }", 1 + 2},
		{"a.js", "return a && b && c", 1},
		{"a.js", "return a + b", 0},
	} {
		f := map[string]string{
			"a.go": "package a\nfunc f() {\n@\n}\n", "a.py": "def f():\n    @\n", "a.js": "function f() {\n@\n}\n",
			"A.java": "class A { void f() {\n@\n} }\n", "a.rs": "fn f() {\n@\n}\n",
		}[tt.name]
		body := tt.body
		if tt.name == "a.py" {
			body = strings.ReplaceAll(body, "\n", "\n    ")
		}
		file, err := p.Parse(t.Context(), tt.name, []byte(strings.Replace(f, "@", body, 1)))
		if err != nil || len(file.Functions) == 0 || file.Functions[0].Complexity != tt.want {
			t.Errorf("%s %q: %v, %v, not %d", tt.name, tt.body, file.Functions, err, tt.want)
		}
	}
}

package main

import (
	"fmt"
	"strings"
	"text/template"
)

// project is the files of a repository in three languages with their tests,
// and a change of it. The same size gives the same files.
type project struct {
	before map[string]string
	after  map[string]string // files that are changed or new
	gone   []string
	lines  int // added and removed
}

// perPackage is how many modules a package has.
const perPackage = 5

// newProject makes so many files, and a change that adds and removes so many
// lines: six of ten packages are Go, two TypeScript, two Python. Half of the
// files hold tests. The change is in one of three packages: a new function with
// its test in each module, and other constants in half of the old functions; the
// first module imports a package that was not imported from there, the third
// gives its functions other names, and of one package in nine the last module is
// deleted.
func newProject(files, lines int) project {
	p := project{before: map[string]string{
		"go.mod":         "module example.com/shop\n\ngo 1.24\n",
		"package.json":   `{"name": "shop", "private": true, "devDependencies": {"vitest": "3.2.4"}, "scripts": {"test": "vitest run"}}` + "\n",
		"pyproject.toml": "[project]\nname = \"shop\"\nversion = \"1.4.0\"\n\n[tool.pytest.ini_options]\ntestpaths = [\"services\"]\n",
		"README.md":      "# Shop\n\nOrders, stock and prices.\n",
	}, after: map[string]string{}}
	all := forms()
	for n := 0; len(p.before) < files; n++ {
		for i := range perPackage {
			was := module{N: n, I: i, Verb: "Total"}
			if i == 1 {
				was.Back = 1
			}
			f := all[n%len(all)]
			names := f.names(n, i)
			p.before[names[0]], p.before[names[1]] = f.code(was), f.test(was)
			if n%3 == 0 && p.lines < lines {
				p.change(f, was)
			}
		}
	}
	return p
}

// change changes a module of the project.
func (p *project) change(f form, was module) {
	names := f.names(was.N, was.I)
	if was.I == perPackage-1 && was.N%9 == 0 {
		p.gone = append(p.gone, names[:]...)
		p.lines += strings.Count(p.before[names[0]]+p.before[names[1]], "\n")
		return
	}
	is := was
	is.IsChanged = true
	switch was.I {
	case 0:
		is.Back = 3
	case 2:
		is.Verb = "Sum"
	}
	p.after[names[0]], p.after[names[1]] = f.code(is), f.test(is)
	for _, name := range names {
		p.lines += differing(p.before[name], p.after[name])
	}
}

// differing counts the lines of either text that the other does not have.
func differing(a, b string) int {
	count := map[string]int{}
	for l := range strings.Lines(a) {
		count[l]++
	}
	out := 0
	for l := range strings.Lines(b) {
		if count[l]--; count[l] < 0 {
			out++
		}
	}
	for _, n := range count {
		out += max(n, 0)
	}
	return out
}

// module is one file of code with its tests, before or after the change.
type module struct {
	N, I      int
	Verb      string // that names of functions begin with
	Back      int    // how many packages back the one is that it imports; 0 means none
	IsChanged bool
}

// Package is the number of its package as names have it.
func (m module) Package() string { return fmt.Sprintf("%03d", m.N) }

// Imports is the number of a package of the same language, or empty.
func (m module) Imports() string {
	if n := m.N - 5*m.Back; m.Back > 0 && n >= 0 {
		return fmt.Sprintf("%03d", n)
	}
	return ""
}

// function is function K of a module, with a constant.
type function struct{ K, Limit int }

// Functions gives the functions of the module.
func (m module) Functions() []function {
	var out []function
	for k := range 6 {
		f := function{k, 3 + k}
		if m.IsChanged {
			f.Limit += k % 2
		}
		out = append(out, f)
	}
	if m.IsChanged {
		out = append(out, function{6, 9})
	}
	return out
}

// form is how one language writes a module.
type form struct {
	names      func(n, i int) [2]string // of the code and of its tests
	code, test func(module) string
}

func forms() []form {
	golang := form{
		names: func(n, i int) [2]string {
			stem := fmt.Sprintf("internal/p%03d/order%d", n, i)
			return [2]string{stem + ".go", stem + "_test.go"}
		},
		code: written(goCode), test: written(goTest),
	}
	script := form{
		names: func(n, i int) [2]string {
			stem := fmt.Sprintf("web/p%03d/order%d", n, i)
			return [2]string{stem + ".ts", stem + ".test.ts"}
		},
		code: written(scriptCode), test: written(scriptTest),
	}
	python := form{
		names: func(n, i int) [2]string {
			return [2]string{fmt.Sprintf("services/p%03d/order%d.py", n, i), fmt.Sprintf("services/p%03d/test_order%d.py", n, i)}
		},
		code: written(pythonCode), test: written(pythonTest),
	}
	return []form{golang, golang, golang, script, python}
}

func written(text string) func(module) string {
	t := template.Must(template.New("").Parse(text))
	return func(m module) string {
		var b strings.Builder
		if err := t.Execute(&b, m); err != nil {
			panic(err) // the templates are constants
		}
		return b.String()
	}
}

const goCode = `package p{{.Package}}

import (
	"errors"
	"fmt"
	"strings"
{{if .Imports}}
	"example.com/shop/internal/p{{.Imports}}"
{{end}})

// Order{{.I}} is what a customer wants.
type Order{{.I}} struct {
	Name  string
	Count int
	Price int
}

var errEmpty{{.I}} = errors.New("order {{.I}} is empty")
{{if .Imports}}
// Share{{.I}} gives what an order has of another.
func Share{{.I}}(o p{{.Imports}}.Order0, of Order{{.I}}) int { return o.Count - of.Count }
{{end}}{{range .Functions}}
// {{$.Verb}}{{$.I}}{{.K}} gives what {{$.Package}} pieces cost.
func {{$.Verb}}{{$.I}}{{.K}}(o Order{{$.I}}, names []string) (int, error) {
	if o.Name == "" || o.Count < 1 {
		return 0, fmt.Errorf("{{$.Verb}} of %q: %w", o.Name, errEmpty{{$.I}})
	}
	sum := 0
	for i, name := range names {
		if strings.HasPrefix(name, "p{{$.Package}}") && i < {{.Limit}} {
			sum += o.Price * (i + {{.Limit}})
			continue
		}
		sum += o.Count
	}
	return sum, nil
}
{{end}}`

const goTest = `package p{{.Package}}

import (
	"errors"
	"testing"
)
{{range .Functions}}
func Test{{$.Verb}}{{$.I}}{{.K}}(t *testing.T) {
	got, err := {{$.Verb}}{{$.I}}{{.K}}(Order{{$.I}}{Name: "a", Count: 2, Price: 5}, []string{"x", "y"})
	if err != nil || got != 4 {
		t.Errorf("it is %d, %v", got, err)
	}
	if _, err := {{$.Verb}}{{$.I}}{{.K}}(Order{{$.I}}{}, nil); !errors.Is(err, errEmpty{{$.I}}) {
		t.Errorf("an empty order gives %v", err)
	}
}
{{end}}`

const scriptCode = `{{if .Imports}}import { Order0 } from "../p{{.Imports}}/order0";

{{end}}export interface Order{{.I}} {
  name: string;
  count: number;
  price: number;
}
{{if .Imports}}
export const share{{.I}} = (o: Order0, of: Order{{.I}}): number => o.count - of.count;
{{end}}{{range .Functions}}
/** What {{$.Package}} pieces cost. */
export function get{{$.Verb}}{{$.I}}{{.K}}(order: Order{{$.I}}, names: string[]): number {
  if (order.name === "" || order.count < 1) {
    throw new Error("order {{$.I}} is empty");
  }
  let sum = 0;
  for (const [i, name] of names.entries()) {
    if (name.startsWith("p{{$.Package}}") && i < {{.Limit}}) {
      sum += order.price * (i + {{.Limit}});
      continue;
    }
    sum += order.count;
  }
  return sum;
}
{{end}}`

const scriptTest = `import { describe, expect, it } from "vitest";
import * as subject from "./order{{.I}}";

describe("order{{.I}}", () => {
{{range .Functions}}  it("adds up {{$.I}} {{.K}}", () => {
    expect(subject.get{{$.Verb}}{{$.I}}{{.K}}({ name: "a", count: 2, price: 5 }, ["x", "y"])).toBe(4);
    expect(() => subject.get{{$.Verb}}{{$.I}}{{.K}}({ name: "", count: 2, price: 5 }, [])).toThrow("empty");
  });
{{end}}});
`

const pythonCode = `"""Orders of package {{.Package}}."""

from dataclasses import dataclass
{{if .Imports}}
from services.p{{.Imports}}.order0 import Order0
{{end}}

@dataclass
class Order{{.I}}:
    name: str
    count: int
    price: int
{{if .Imports}}

def share_{{.I}}(o: Order0, of: Order{{.I}}) -> int:
    return o.count - of.count
{{end}}{{range .Functions}}

def get_{{$.Verb}}_{{$.I}}_{{.K}}(order: Order{{$.I}}, names: list[str]) -> int:
    """Gives what {{$.Package}} pieces cost."""
    if not order.name or order.count < 1:
        raise ValueError("order {{$.I}} is empty")
    total = 0
    for i, name in enumerate(names):
        if name.startswith("p{{$.Package}}") and i < {{.Limit}}:
            total += order.price * (i + {{.Limit}})
            continue
        total += order.count
    return total
{{end}}`

const pythonTest = `import pytest

from . import order{{.I}} as subject
{{range .Functions}}

def test_{{$.Verb}}_{{$.I}}_{{.K}}():
    assert subject.get_{{$.Verb}}_{{$.I}}_{{.K}}(subject.Order{{$.I}}("a", 2, 5), ["x", "y"]) == 4
    with pytest.raises(ValueError):
        subject.get_{{$.Verb}}_{{$.I}}_{{.K}}(subject.Order{{$.I}}("", 2, 5), [])
{{end}}`

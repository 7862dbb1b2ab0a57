package config_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"muster/internal/core/config"
	"muster/internal/core/plan"
	"muster/internal/core/yamlfile"
)

type schema = map[string]any

func readSchema(t *testing.T, name string) schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "schema", name))
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

func definitions(s schema) schema { return s["$defs"].(schema) }

func keysOf(s any) []string {
	var out []string
	if properties, ok := s.(schema)["properties"].(schema); ok {
		for key := range properties {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// Every key that the parsers know is in the schemas, and no other.
func TestSchemaHasTheParsersKeys(t *testing.T) {
	for _, file := range []struct {
		name, root string
		keys       func(string) []string
	}{{"plan.schema.json", "plan", plan.Keys}, {"config.schema.json", "config", configKeys}} {
		s := readSchema(t, file.name)
		parts := schema{file.root: s}
		maps.Copy(parts, definitions(s))
		compared := 0
		for name, part := range parts {
			want := slices.Sorted(slices.Values(file.keys(name)))
			if got := keysOf(part); !slices.Equal(got, want) {
				t.Errorf("%s, %s: the schema has %v, the parser %v", file.name, name, got, want)
			}
			if len(want) > 0 {
				compared++
				if part.(schema)["additionalProperties"] != false {
					t.Errorf("%s, %s accepts unknown keys", file.name, name)
				}
			}
		}
		if want := map[string]int{"plan": 6, "config": 10}[file.root]; compared != want {
			t.Errorf("%s: %d parts have keys, want %d", file.name, compared, want)
		}
	}
}

func configKeys(part string) []string {
	if part == "run_budget" {
		return plan.Keys(part)
	}
	return config.Keys(part)
}

func TestSchemaHasTheParsersWords(t *testing.T) {
	p, c := definitions(readSchema(t, "plan.schema.json")), definitions(readSchema(t, "config.schema.json"))
	var types []string
	for _, typ := range plan.Types() {
		types = append(types, string(typ))
	}
	roles := c["agent"].(schema)["properties"].(schema)["roles"].(schema)["items"].(schema)["enum"]
	for name, words := range map[string]struct {
		got  any
		want []string
	}{
		"types":   {p["task"].(schema)["properties"].(schema)["type"].(schema)["enum"], types},
		"drivers": {c["agent"].(schema)["properties"].(schema)["driver"].(schema)["enum"], config.Drivers()},
		"roles":   {roles, config.Roles()},
		"sandbox": {readSchema(t, "config.schema.json")["properties"].(schema)["sandbox"].(schema)["enum"], config.Sandboxes()},
		"into":    {c["land"].(schema)["properties"].(schema)["into"].(schema)["enum"], []string{string(config.IntoBranch), string(config.IntoTarget)}},
	} {
		var got []string
		for _, w := range words.got.([]any) {
			got = append(got, w.(string))
		}
		if !slices.Equal(got, words.want) {
			t.Errorf("%s: the schema has %v, the parser %v", name, got, words.want)
		}
	}
}

// A file that the parser accepts is accepted by the schema, and a file whose
// shape is wrong is refused by both.
func TestSchemaAgreesWithParser(t *testing.T) {
	shape := []string{
		"all-missing", "future", "wrong-types", "unknown-keys", "name-upper", "name-lock", "name-dots", "no-tasks", "types", "missing",
		"not-a-mapping", "sandbox-bool", "later", "later-standard", "budget", "checks", "budgets", "agents",
	}
	for _, kind := range []struct{ schema, folder string }{{"plan.schema.json", "../plan/testdata"}, {"config.schema.json", "testdata"}} {
		v := validator{t: t, root: readSchema(t, kind.schema)}
		accepted, refused := 0, 0
		for name, data := range inputs(t, kind.folder) {
			var problems []yamlfile.Problem
			if kind.folder == "testdata" {
				_, problems = config.Parse(name, data)
			} else {
				_, problems = plan.Parse(name, data)
			}
			f := yamlfile.Read(name, data)
			if f.Failed() {
				continue
			}
			why := v.check(v.root, value(f.Root()))
			switch {
			case !yamlfile.HasErrors(problems):
				accepted++
				if why != "" {
					t.Errorf("%s refuses %s: %s", kind.schema, name, why)
				}
			case slices.Contains(shape, strings.TrimSuffix(name, ".yaml")):
				refused++
				if why == "" {
					t.Errorf("%s accepts %s", kind.schema, name)
				}
			}
		}
		if accepted < 3 || refused < 8 {
			t.Errorf("%s: %d accepted and %d refused: the test shows little", kind.schema, accepted, refused)
		}
	}
}

// inputs gives every example and every input of the golden archives.
func inputs(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	names, _ := filepath.Glob(folder + "/*/*")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(name) == ".yaml" {
			out[filepath.Base(name)] = data
			continue
		}
		for _, file := range txtar.Parse(data).Files {
			if filepath.Ext(file.Name) == ".yaml" {
				out[file.Name] = file.Data
			}
		}
	}
	return out
}

// value gives a node as JSON would have it.
func value(n *yamlfile.Node) any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yamlfile.Map:
		m := schema{}
		for _, e := range n.Entries {
			m[e.Key.Text] = value(e.Value)
		}
		return m
	case yamlfile.List:
		list := make([]any, 0, len(n.Items))
		for _, item := range n.Items {
			list = append(list, value(item))
		}
		return list
	case yamlfile.Null, yamlfile.Refused:
		return nil
	case yamlfile.Scalar:
	}
	if number, err := strconv.ParseFloat(n.Text, 64); err == nil && !n.Quoted && !strings.Contains(n.Text, "_") {
		return number
	}
	if !n.Quoted && (n.Text == "true" || n.Text == "false") {
		return n.Text == "true"
	}
	return n.Text
}

// validator knows the part of JSON Schema that the two schemas use, and fails
// the test when they use more.
type validator struct {
	t    *testing.T
	root schema
}

// check says what is wrong with x, or "".
func (v validator) check(s schema, x any) string {
	for keyword, arg := range s {
		why := ""
		switch keyword {
		case "$schema", "title", "description", "$defs":
		case "$ref":
			why = v.check(definitions(v.root)[strings.TrimPrefix(arg.(string), "#/$defs/")].(schema), x)
		case "not":
			if v.check(arg.(schema), x) == "" {
				why = "is excluded"
			}
		case "anyOf":
			why = "is none of the alternatives"
			for _, alternative := range arg.([]any) {
				if v.check(alternative.(schema), x) == "" {
					why = ""
				}
			}
		case "const":
			if x != arg {
				why = "is another constant"
			}
		case "enum":
			if !slices.Contains(arg.([]any), x) {
				why = "is none of the words"
			}
		case "type":
			if !hasType(arg, x) {
				why = "has another type"
			}
		default:
			why = v.checkTyped(keyword, s, x)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func hasType(arg, x any) bool {
	name := map[bool]string{true: "null"}[x == nil]
	switch x := x.(type) {
	case string:
		name = "string"
	case bool:
		name = "boolean"
	case schema:
		name = "object"
	case []any:
		name = "array"
	case float64:
		name = "number"
		if arg == "integer" || arg != "number" && !strings.Contains(toJSON(arg), `"number"`) {
			name = map[bool]string{true: "integer", false: "number"}[x == float64(int64(x))]
		}
	}
	return arg == name || strings.Contains(toJSON(arg), `"`+name+`"`)
}

func toJSON(x any) string {
	b, _ := json.Marshal(x)
	return string(b)
}

// checkTyped checks the keywords that concern values of one type only.
func (v validator) checkTyped(keyword string, s schema, x any) string {
	fail := func(bad bool) string {
		return map[bool]string{true: keyword + " does not hold for " + toJSON(x)}[bad]
	}
	number, _ := s[keyword].(float64)
	switch keyword {
	case "pattern", "maxLength":
		text, ok := x.(string)
		if pattern, is := s[keyword].(string); is && ok {
			return fail(!regexp.MustCompile(pattern).MatchString(text))
		}
		return fail(ok && utf8.RuneCountInString(text) > int(number))
	case "minimum", "maximum", "exclusiveMinimum":
		n, ok := x.(float64)
		return fail(ok && (keyword == "minimum" && n < number || keyword == "maximum" && n > number || keyword == "exclusiveMinimum" && n <= number))
	case "items", "minItems", "maxItems":
		list, ok := x.([]any)
		if keyword != "items" {
			return fail(ok && (keyword == "minItems" && len(list) < int(number) || keyword == "maxItems" && len(list) > int(number)))
		}
		for _, item := range list {
			if why := v.check(s[keyword].(schema), item); why != "" {
				return why
			}
		}
	case "required", "properties", "additionalProperties", "propertyNames", "maxProperties":
		m, ok := x.(schema)
		if !ok {
			return ""
		}
		return v.checkObject(keyword, s, m)
	default:
		v.t.Fatalf("the schema uses %q, which this test does not know", keyword)
	}
	return ""
}

func (v validator) checkObject(keyword string, s, m schema) string {
	properties, _ := s["properties"].(schema)
	switch keyword {
	case "required":
		for _, key := range s[keyword].([]any) {
			if _, ok := m[key.(string)]; !ok {
				return "lacks " + toJSON(key)
			}
		}
	case "maxProperties":
		if len(m) > int(s[keyword].(float64)) {
			return "has too many keys"
		}
	}
	for key, x := range m {
		sub, known := properties[key].(schema)
		why := ""
		switch more, open := s[keyword].(schema); {
		case keyword == "properties" && known:
			why = v.check(sub, x)
		case keyword == "propertyNames":
			why = v.check(more, key)
		case keyword == "additionalProperties" && !known && open:
			why = v.check(more, x)
		case keyword == "additionalProperties" && !known:
			why = "is not known"
		}
		if why != "" {
			return key + " " + why
		}
	}
	return ""
}

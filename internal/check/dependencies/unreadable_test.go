package dependencies_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"muster/internal/check"
	"muster/internal/check/checktest"
	"muster/internal/check/dependencies"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// unreadable are trees whose files cannot be read.
type unreadable struct{ *checktest.Trees }

func (*unreadable) ReadFile(context.Context, string, string) ([]byte, bool, error) {
	return nil, false, errFire
}

func runWith(t *testing.T, trees check.Trees) evidence.Result {
	t.Helper()
	e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t)}, []check.Check{dependencies.New(nil, now)}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
	if err != nil {
		t.Fatal(err)
	}
	return e.Results[0]
}

// An answer of a registry is good for an hour; without a registry, or without
// a manifest in the change, nothing but the trees counts.
func TestAnswersAge(t *testing.T) {
	base := checktest.Files{"package.json": pack(`    "react": "1"`), "a.py": "x = 1\n"}
	cached := func(registry dependencies.Registry, head checktest.Files, later time.Duration) bool {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(head)})
		cache := &checktest.Cache{}
		var again bool
		for _, at := range []time.Duration{0, later} {
			c := dependencies.New(registry, func() time.Time { return now().Add(at) })
			e, err := check.New(check.Tools{Trees: trees, Exec: checktest.NoExec(t), Cache: cache}, []check.Check{c}, 1).Judge(t.Context(), checktest.Request(evidence.OfRange))
			if err != nil {
				t.Fatal(err)
			}
			again = e.Results[0].Cached
		}
		return again
	}
	manifest := checktest.Files{"package.json": pack(`    "react": "2"`)}
	if !cached(world{}, manifest, time.Minute) || cached(world{}, manifest, 2*time.Hour) {
		t.Error("with a registry")
	}
	if !cached(nil, manifest, 2*time.Hour) || !cached(world{}, checktest.Files{"a.py": "x = 2\n"}, 2*time.Hour) {
		t.Error("without a question")
	}
}

// partly are trees of which one file, or what changed in it, cannot be read.
type partly struct {
	*checktest.Trees
	file    string
	patches bool // readable
}

func (p *partly) ReadFile(ctx context.Context, tree, path string) ([]byte, bool, error) {
	if path == p.file {
		return nil, false, errFire
	}
	return p.Trees.ReadFile(ctx, tree, path)
}

func (p *partly) Patches(ctx context.Context, base, head string) ([]change.Patch, error) {
	if !p.patches {
		return nil, errFire
	}
	return p.Trees.Patches(ctx, base, head)
}

func TestCannotReadTheCode(t *testing.T) {
	base := checktest.Files{"package.json": pack(`    "react": "1"`)}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"a.js": "import x from 'react'\n"})})
	if got := runWith(t, &partly{trees, "", true}); got.Status != evidence.Passed {
		t.Errorf("%+v", got)
	}
	for _, p := range []*partly{{trees, "a.js", true}, {trees, "", false}} {
		if got := runWith(t, p); got.Status != evidence.CouldNot || !strings.Contains(got.Why, errFire.Error()) {
			t.Errorf("%s: %s", got.Status, got.Why)
		}
	}
}

// What a message says, and how to see it.
func TestWhatIsSaid(t *testing.T) {
	base := checktest.Files{"package.json": pack(`    "react": "1"`), "go.mod": "module m\n\nrequire a.org/x v1.0.0\n"}
	registry := world{"npm nobody-has-this": {Known: true}}
	for _, tt := range []struct {
		path, text, says, reproduce string
	}{
		{"package.json", pack("    \"react\": \"1\",\n    \"nobody-has-this\": \"1.2.3\""), "the registry has no package of that name", "npm view nobody-has-this@1.2.3 name version"},
		{"package.json", pack("    \"react\": \"1\",\n    \"nobody-has-this\": \"^1.2.3\""), "the registry has no package of that name", "npm view nobody-has-this@latest name version"},
		{"package.json", pack("    \"react\": \"1\",\n    \"lodahs\": \"1\""), "lodash", "git --literal-pathspecs grep -n -F -e lodahs head -- package.json"},
		{".npmrc", "registry=https://x.test/\n", "has packages taken from \"https://x.test/\".", ""},
		{".npmrc", "@mine:registry=https://x.test/\n", "has packages taken from \"https://x.test/\" (@mine).", ""},
		{"go.mod", base["go.mod"] + "replace a.org/x => ../../x\n", "a folder outside this tree", ""},
		{"go.mod", base["go.mod"] + "replace a.org/x => b.org/x v1.0.0\n", "puts \"b.org/x v1.0.0\" in the place of a.org/x.", ""},
	} {
		trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{tt.path: tt.text})})
		got := checktest.Run(t, dependencies.New(registry, now), trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
		if len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, tt.says) || got.Findings[0].Reproduce != tt.reproduce {
			t.Errorf("%s: %+v", tt.text, got.Findings)
		}
	}
}

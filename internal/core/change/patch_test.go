package change_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/change"
)

const patch = `diff --git a/a.go b/a.go
index 1..2 100644
--- a/a.go
+++ b/a.go
@@ -1,2 +1 @@ func x
-one
-two
+@@ -9,9 +9,9 @@
@@ -5,0 +5,2 @@
+--- a/b.go
+diff --git a/z b/z
\ No newline at end of file
diff --git a/old b/new
similarity index 100%
rename from old
rename to new
diff --git a/p.png b/p.png
index 1..2 100644
Binary files a/p.png and b/p.png differ
diff --git a/sub b/sub
index 1..2 160000
--- a/sub
+++ b/sub
@@ -1 +1 @@
-Subproject commit 1
+Subproject commit 2
diff --git a/t b/t
deleted file mode 100644
--- a/t
+++ /dev/null
@@ -1 +0,0 @@
-text
diff --git a/t b/t
new file mode 120000
--- /dev/null
+++ b/t
@@ -0,0 +1 @@
+target
\ No newline at end of file
`

func files() []change.File {
	return []change.File{
		{Path: "a.go", Status: change.Modified, Added: 3, Deleted: 2},
		{Path: "new", OldPath: "old", Status: change.Renamed},
		{Path: "p.png", Status: change.Modified, IsBinary: true},
		{Path: "sub", Status: change.Modified, OldMode: change.ModeSubmodule, NewMode: change.ModeSubmodule, Added: 1, Deleted: 1},
		{Path: "t", Status: change.Retyped, Added: 1, Deleted: 1},
	}
}

func TestReadPatches(t *testing.T) {
	got, err := change.ReadPatches([]byte(patch), files())
	if err != nil {
		t.Fatal(err)
	}
	want := []change.Patch{
		{Path: "a.go", Hunks: []change.Hunk{
			{OldStart: 1, NewStart: 1, Removed: []string{"one", "two"}, Added: []string{"@@ -9,9 +9,9 @@"}},
			{OldStart: 5, NewStart: 5, Added: []string{"--- a/b.go", "diff --git a/z b/z"}},
		}},
		{Path: "new", OldPath: "old"},
		{Path: "p.png", Left: "it is binary"},
		{Path: "t", Left: "it became another sort of entry"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestReadPatchesRefusesWhatDoesNotFit(t *testing.T) {
	for name, tt := range map[string]struct {
		patch string
		files []change.File
	}{
		"a file more":       {patch + "diff --git a/x b/x\n", files()},
		"a file less":       {patch, append(files(), change.File{Path: "x"})},
		"another name":      {patch, append([]change.File{{Path: "b.go", Added: 3, Deleted: 2}}, files()[1:]...)},
		"other order":       {patch, append([]change.File{files()[1], files()[0]}, files()[2:]...)},
		"a hunk cut short":  {"diff --git a/a b/a\n@@ -1,2 +0,0 @@\n-x\n", []change.File{{Path: "a", Deleted: 2}}},
		"a head of no hunk": {"diff --git a/a b/a\n@@ -x +1 @@\n", []change.File{{Path: "a"}}},
		"no patch":          {"hello", []change.File{{Path: "a"}}},
	} {
		if got, err := change.ReadPatches([]byte(tt.patch), tt.files); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

func TestReadPatchesLeavesOutWhatIsTooLong(t *testing.T) {
	n := change.MaxPatch + 1
	text := "diff --git a/a b/a\n@@ -0,0 +1," + "200001" + " @@\n" + strings.Repeat("+x\n", n)
	got, err := change.ReadPatches([]byte(text), []change.File{{Path: "a", Added: n}})
	if err != nil || len(got) != 1 || got[0].Hunks != nil || !strings.Contains(got[0].Left, "200000") {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzReadPatches(f *testing.F) {
	f.Add([]byte(patch))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = change.ReadPatches(b, files()) }) // must not panic or run on
}

func TestPatchLines(t *testing.T) {
	p := change.Patch{Hunks: []change.Hunk{
		{OldStart: 3, NewStart: 3, Removed: []string{"a"}, Added: []string{"b", "c"}}, // head lines 3 and 4
		{OldStart: 8, NewStart: 8, Removed: []string{"x", "y"}},                       // removed between head lines 8 and 9
	}}
	for _, tt := range []struct {
		start, end int
		want       bool
	}{{1, 2, false}, {1, 3, true}, {4, 4, true}, {5, 8, false}, {8, 9, true}, {8, 8, false}, {9, 12, false}, {1, 20, true}} {
		if got := p.Touches(tt.start, tt.end); got != tt.want {
			t.Errorf("touches %d-%d: %v", tt.start, tt.end, got)
		}
	}
	for line, want := range map[int]bool{2: false, 3: true, 4: true, 5: false, 8: false} {
		if p.Adds(line) != want {
			t.Errorf("adds %d: %v", line, !want)
		}
	}
	if !p.TouchesOld(8, 8) || !p.TouchesOld(9, 30) || p.TouchesOld(4, 7) {
		t.Error("lines of the base")
	}
	if got := p.Added(); len(got) != 2 || got[1] != (change.Line{Number: 4, Text: "c"}) {
		t.Errorf("added %+v", got)
	}
	if got := p.Removed(); len(got) != 3 || got[2] != (change.Line{Number: 9, Text: "y"}) {
		t.Errorf("removed %+v", got)
	}
}

func TestClassify(t *testing.T) {
	for name, want := range map[string]change.Class{
		"a/b.go":                       {},
		"a/b_test.go":                  {Test: true},
		"a/testdata/x.txt":             {Fixture: true, Document: true},
		"test_x.py":                    {Test: true},
		"pkg/tests/helper.py":          {Test: true},
		"attest.py":                    {},
		"src/x.test.ts":                {Test: true},
		"src/x.spec.tsx":               {Test: true},
		"src/__tests__/x.js":           {Test: true},
		"src/x.ts":                     {},
		"contest.ts":                   {},
		"src/test/java/a/FooTest.java": {Test: true},
		"src/main/java/a/Latest.java":  {},
		"tests/it.rs":                  {Test: true},
		"api/x.pb.go":                  {Generated: true},
		"vendor/a/b.go":                {Vendored: true},
		"go.mod":                       {Manifest: true},
		"web/package.json":             {Manifest: true},
		"requirements-dev.txt":         {Manifest: true},
		"go.sum":                       {Lockfile: true},
		"README.md":                    {Document: true},
		"x/__snapshots__/a.snap":       {Fixture: true},
	} {
		if got := change.Classify(name, nil); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for head, want := range map[string]bool{
		"// Code generated by protoc. DO NOT EDIT.\npackage x": true,
		"# This file was auto-generated by tool\n":             true,
		"/**\n * @generated\n */":                              true,
		"package x\n\n// generate makes what was generated.":   false,
		"// Code generated by hand, edit at will\npackage x":   false,
		"": false,
	} {
		if got := change.Classify("x.go", []byte(head)).Generated; got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
	if !change.Classify("a.go", nil).IsCode() || !change.Classify("go.mod", nil).IsCode() || change.Classify("a_test.go", nil).IsCode() {
		t.Error("what is code")
	}
}

// TestHunksAreFoundByHalves holds the search against looking at each hunk.
func TestHunksAreFoundByHalves(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var p change.Patch
		oldAt, newAt := 1, 1
		for range chance.IntN(6) {
			gap := 1 + chance.IntN(4)
			oldAt, newAt = oldAt+gap, newAt+gap
			h := change.Hunk{OldStart: oldAt, NewStart: newAt, Removed: make([]string, chance.IntN(3)), Added: make([]string, chance.IntN(3))}
			oldAt, newAt = oldAt+len(h.Removed), newAt+len(h.Added)
			if len(h.Removed) == 0 {
				h.OldStart--
			}
			if len(h.Added) == 0 {
				h.NewStart--
			}
			if len(h.Removed)+len(h.Added) > 0 {
				p.Hunks = append(p.Hunks, h)
			}
		}
		for start := range 45 {
			for end := start; end < 47; end++ {
				adds, touches, old := false, false, false
				for _, h := range p.Hunks {
					last, lastOld := h.NewStart+len(h.Added)-1, h.OldStart+len(h.Removed)-1
					adds = adds || h.NewStart <= start && start <= last
					touches = touches || len(h.Added) > 0 && h.NewStart <= end && start <= last || len(h.Added) == 0 && start <= h.NewStart && h.NewStart < end
					old = old || len(h.Removed) > 0 && h.OldStart <= end && start <= lastOld || len(h.Removed) == 0 && start <= h.OldStart && h.OldStart < end
				}
				if p.Adds(start) != adds || p.Touches(start, end) != touches || p.TouchesOld(start, end) != old {
					t.Fatalf("%+v, lines %d to %d: adds %t, touches %t, touches old %t", p.Hunks, start, end, adds, touches, old)
				}
			}
		}
	}
}

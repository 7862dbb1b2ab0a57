package setups_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/adapter/setups"
	"muster/internal/core/fault"
	"muster/internal/core/plan"
	"muster/internal/core/setup"
)

// install is what a package manager leaves: nested folders, a program, links,
// a folder nobody may write to.
const install = `mkdir -p node_modules/a/lib node_modules/.bin web/node_modules/b
echo one >node_modules/a/index.js; echo two >node_modules/a/lib/x.js; echo three >web/node_modules/b/index.js
printf '#!/bin/sh\necho hi\n' >node_modules/a/run; chmod 755 node_modules/a/run
ln -s ../a/run node_modules/.bin/run; ln -s /etc node_modules/outside
chmod 555 node_modules/a/lib; echo x >>web/package.json; echo y >web/note.txt`

func twoTrees() map[string]map[string]string {
	return map[string]map[string]string{
		"base": {"package.json": "1", "web/package.json": "1", "main.js": "1"},
		"next": {"package.json": "1", "web/package.json": "1", "main.js": "2"},
	}
}

func TestMadeOnceAndPlaced(t *testing.T) {
	s := newScene(t, install, twoTrees())
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	if got := r.Beside(); !r.Made || r.Key == "" || !slices.Equal(got, []string{"node_modules", "web/node_modules", "web/note.txt"}) {
		t.Fatalf("%+v", r)
	}
	one := s.lay(filepath.Join(s.root, "one"), "base")
	out := s.place(one, r)
	if out.Files != 7 || out.Copied != 7 || !out.Made || len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "web/package.json") {
		t.Errorf("%+v", out)
	}
	if read(t, filepath.Join(one, "web/package.json")) != "1" || read(t, filepath.Join(one, "node_modules/a/lib/x.js")) != "two\n" {
		t.Error(content(t, one))
	}
	if target, err := os.Readlink(filepath.Join(one, "node_modules/outside")); err != nil || target != "/etc" {
		t.Errorf("a link: %s, %v", target, err)
	}
	// Another tree with the same lockfiles, another process: nothing runs again.
	s.store = s.open()
	r2 := s.find(setups.Want{Tree: "next"})
	if r2.Made || r2.Key != r.Key || s.runs() != 1 {
		t.Errorf("made again: %+v, %d runs", r2, s.runs())
	}
	two := s.lay(filepath.Join(s.root, "two"), "next")
	s.place(two, r2)
	if a, b := content(t, filepath.Join(one, "node_modules")), content(t, filepath.Join(two, "node_modules")); a != b {
		t.Errorf("placed differently:\n%s\n%s", a, b)
	}
	if tops, ok := s.store.Placed(two); !ok || !slices.Equal(tops, r.Beside()) {
		t.Errorf("placed at %v, %v", tops, ok)
	}
	if _, ok := s.store.Placed(s.root); ok {
		t.Error("something was placed where nothing was")
	}
}

// settled waits until a change of a file cannot carry the moment at which it
// was placed.
func settled(t *testing.T, dir string) {
	t.Helper()
	probe := filepath.Join(dir, "..", "probe")
	write(t, probe, "")
	for began := time.Now(); time.Since(began) < 60*time.Millisecond; {
		write(t, probe, "x")
	}
}

// Whatever an agent did to what was placed, the next one finds it as it was
// made, and only what differs is written.
func TestWhatSomebodyDidIsUndone(t *testing.T) {
	s := newScene(t, install, twoTrees())
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	dir := s.lay(filepath.Join(s.root, "w"), "base")
	s.place(dir, r)
	clean := content(t, dir)
	if out := s.place(dir, r); out.Copied != 0 || out.Files != 7 {
		t.Errorf("nothing differs, and %+v", out)
	}
	secret := filepath.Join(s.root, "secret")
	write(t, filepath.Join(secret, "file"), "mine")
	at := func(p string) string { return filepath.Join(dir, "node_modules", p) }
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		do     func()
		copied int
	}{
		"changed in place, with its date and size restored": {func() {
			info, err := os.Stat(at("a/index.js"))
			must(err)
			write(t, at("a/index.js"), "two\n")
			must(os.Chtimes(at("a/index.js"), info.ModTime(), info.ModTime()))
		}, 1},
		"replaced":                      {func() { must(os.Remove(at("a/index.js"))); write(t, at("a/index.js"), "one\n") }, 1},
		"other rights":                  {func() { must(os.Chmod(at("a/run"), 0o777)) }, 1},
		"removed":                       {func() { must(os.RemoveAll(at("a"))) }, 3},
		"added":                         {func() { write(t, at("evil/x.js"), "x"); write(t, at("a/.hidden"), "x") }, 0},
		"a folder that cannot be read":  {func() { write(t, at("evil/x/y"), "x"); must(os.Chmod(at("evil/x"), 0), os.Chmod(at("evil"), 0)) }, 0},
		"a folder made a link":          {func() { must(os.RemoveAll(at("a")), os.Symlink(secret, at("a"))) }, 3},
		"the whole made a link":         {func() { must(os.RemoveAll(at("")), os.Symlink(secret, at(""))) }, 5},
		"a file made a folder":          {func() { must(os.Remove(at("a/run"))); write(t, at("a/run/x"), "x") }, 1},
		"a link that leads elsewhere":   {func() { must(os.Remove(at(".bin/run")), os.Symlink(secret, at(".bin/run"))) }, 1},
		"a folder's rights":             {func() { must(os.Chmod(at("a"), 0o700)) }, 0},
		"a hard link to something else": {func() { must(os.Remove(at("a/run")), os.Link(filepath.Join(secret, "file"), at("a/run"))) }, 1},
	} {
		c.do()
		out := s.place(dir, r)
		if now := content(t, dir); now != clean {
			t.Errorf("%s: now\n%s\nand was\n%s", name, now, clean)
		}
		if out.Copied != c.copied {
			t.Errorf("%s: %d files written, want %d", name, out.Copied, c.copied)
		}
		if read(t, filepath.Join(secret, "file")) != "mine" {
			t.Fatalf("%s: a link was followed", name)
		}
	}
}

// A parent that is a link leads elsewhere, so nothing is placed there.
func TestParentThatIsALink(t *testing.T) {
	s := newScene(t, "mkdir -p web/node_modules; echo x >web/node_modules/x", map[string]map[string]string{"base": {"package.json": "1", "web/a": "1"}})
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	dir := filepath.Join(s.root, "w")
	write(t, filepath.Join(dir, "other/file"), "x")
	if err := os.Symlink("other", filepath.Join(dir, "web")); err != nil {
		t.Fatal(err)
	}
	out := s.place(dir, r)
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "web is no folder") || read(t, filepath.Join(dir, "other/node_modules/x")) != "" {
		t.Errorf("%+v", out)
	}
}

// What a change's own tree made serves that change alone, until it is trusted.
func TestWhatAChangeMadeServesNobodyElse(t *testing.T) {
	trees := twoTrees()
	for _, name := range []string{"evil", "good"} { // the same lockfiles, other scripts
		trees[name] = map[string]string{"package.json": "2", "web/package.json": "1", "by": name}
	}
	s := newScene(t, "mkdir made; cp b* made/ 2>/dev/null; true", trees)
	s.find(setups.Want{Tree: "base", Trusted: true})
	evil := s.find(setups.Want{Tree: "evil"})
	good := s.find(setups.Want{Tree: "good"})
	if evil.Key == good.Key || !good.Made || s.runs() != 3 {
		t.Fatalf("%d runs; the keys are %s and %s", s.runs(), evil.Key, good.Key)
	}
	if again := s.find(setups.Want{Tree: "evil"}); again.Made || again.Key != evil.Key {
		t.Error("made again for the same tree")
	}
	// It landed: now it serves every tree with its lockfiles.
	if r := s.find(setups.Want{Tree: "good", Trusted: true}); r.Made || r.Key != good.Key {
		t.Errorf("made again when it was trusted: %+v", r)
	}
	trees["later"] = map[string]string{"package.json": "2", "web/package.json": "1", "by": "later"}
	if r := s.find(setups.Want{Tree: "later"}); r.Made || r.Key != good.Key || s.runs() != 3 {
		t.Errorf("%+v, %d runs", r, s.runs())
	}
	if r := s.find(setups.Want{Tree: "evil"}); r.Key != good.Key {
		t.Error("what is trusted goes before what a change made")
	}
	trees["unmade"] = map[string]string{"package.json": "3"}
	if r := s.find(setups.Want{Tree: "unmade", IfMade: true}); r.Key != "" || len(r.Beside()) != 0 || s.runs() != 3 {
		t.Errorf("%+v", r)
	}
}

func TestFailure(t *testing.T) {
	s := newScene(t, "mkdir half; echo some output; echo the registry is down >&2; exit 3", twoTrees())
	_, failure, err := s.store.Find(t.Context(), setups.Want{Spec: s.spec, Tree: "base", Trusted: true})
	if err != nil || failure == nil || failure.Why != "it ended with exit code 3" || failure.Tail != "the registry is down\n" || failure.TimeUS <= 0 {
		t.Fatalf("%+v, %v", failure, err)
	}
	if kept, err := s.store.List(); err != nil || len(kept) != 0 {
		t.Errorf("kept %v, %v", kept, err)
	}
	slow := setup.Spec{Run: []plan.Command{{Argv: []string{"true"}}, {Argv: []string{"sleep", "60"}}}, TimeMS: 200}
	_, failure, err = s.store.Find(t.Context(), setups.Want{Spec: slow, Tree: "base", Trusted: true})
	if err != nil || failure == nil || failure.Command != "sleep 60" || !strings.Contains(failure.Why, "time limit of 200ms") {
		t.Errorf("%+v, %v", failure, err)
	}
	missing := setup.Spec{Run: []plan.Command{{Argv: []string{"no-such-program-here"}}}}
	_, failure, err = s.store.Find(t.Context(), setups.Want{Spec: missing, Tree: "base", Trusted: true})
	if err != nil || failure == nil || !strings.Contains(failure.Why, "could not be run") {
		t.Errorf("%+v, %v", failure, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, failure, err = s.store.Find(ctx, setups.Want{Spec: s.spec, Tree: "next", Trusted: true}); failure != nil || fault.KindOf(err) != fault.Transient {
		t.Errorf("cut short: %+v, %v", failure, err)
	}
}

// Again runs the commands although the set-up is there, and keeps nothing.
func TestAgain(t *testing.T) {
	s := newScene(t, "mkdir made; test ! -e "+"$(dirname $PWD)/broken", twoTrees())
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	s.find(setups.Want{Tree: "base", Trusted: true, Again: true})
	if s.runs() != 2 {
		t.Errorf("%d runs", s.runs())
	}
	write(t, filepath.Join(s.root, "broken"), "")
	if _, failure, err := s.store.Find(t.Context(), setups.Want{Spec: s.spec, Tree: "base", Trusted: true, Again: true}); failure == nil || err != nil {
		t.Errorf("%+v, %v", failure, err)
	}
	if now := s.find(setups.Want{Tree: "base", Trusted: true}); now.Made || now.Key != r.Key {
		t.Error("the set-up is gone")
	}
}

// opened counts how often this process has files open whose names end so.
func opened(t *testing.T, ending string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasSuffix(to, ending) {
			n++
		}
	}
	return n
}

// Who needs the same set-up at the same time waits for the one that is made,
// and shares its failure.
func TestOneMakesForAll(t *testing.T) {
	for _, end := range []string{"true", "false"} {
		s := newScene(t, "", twoTrees())
		gate := filepath.Join(s.root, "gate")
		s.spec.Run = []plan.Command{{Shell: "echo run >>" + s.log + "; mkdir made; while ! test -e " + gate + "; do sleep 0.01; done; " + end}}
		var group sync.WaitGroup
		var fresh, failures atomic.Int64
		for range 8 {
			group.Go(func() {
				r, failure, err := s.store.Find(t.Context(), setups.Want{Spec: s.spec, Tree: "base", Trusted: true})
				switch {
				case err != nil:
					t.Error(err)
				case failure != nil:
					failures.Add(1)
				case r.Made:
					fresh.Add(1)
				}
			})
		}
		for s.runs() == 0 || opened(t, ".lock") < 8 { // one has the lock, seven wait for it
			settled(t, s.checkout)
		}
		write(t, gate, "")
		group.Wait()
		want := [2]int64{1, 0}
		if end == "false" {
			want = [2]int64{0, 8}
		}
		if got := [2]int64{fresh.Load(), failures.Load()}; got != want || s.runs() != 1 {
			t.Errorf("%s: %v, want %v; %d runs", end, got, want, s.runs())
		}
	}
}

// A crash at any moment leaves nothing that is taken for whole.
func TestAfterACrash(t *testing.T) {
	s := newScene(t, "mkdir made; echo x >made/x; echo y >made/y", twoTrees())
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	dir := s.lay(filepath.Join(s.root, "w"), "base")
	store := filepath.Join(s.root, "setups")
	// While it was made: the folder was not renamed yet.
	if err := os.Rename(filepath.Join(store, r.Key), filepath.Join(store, r.Key+".tmp")); err != nil {
		t.Fatal(err)
	}
	r = s.find(setups.Want{Tree: "base", Trusted: true})
	if !r.Made || s.runs() != 2 {
		t.Errorf("half a set-up was taken: %+v", r)
	}
	// While it was placed: there is no record, and half of the files.
	s.place(dir, r)
	want := content(t, dir)
	records, _ := filepath.Glob(filepath.Join(store, "placed", "*"))
	if len(records) != 1 || os.Remove(records[0]) != nil {
		t.Fatal(records)
	}
	write(t, filepath.Join(dir, "made/x"), "half")
	if _, ok := s.store.Placed(dir); ok {
		t.Error("taken for whole")
	}
	if s.place(dir, r); content(t, dir) != want {
		t.Error(content(t, dir))
	}
}

// A virtual environment names the folder that it was made in.
func TestPathsAreRewritten(t *testing.T) {
	s := newScene(t, `mkdir -p venv/bin; printf '#!%s/venv/bin/python\n' "$PWD" >venv/bin/tool; chmod 755 venv/bin/tool
ln -s "$PWD/venv/bin/tool" venv/bin/again; printf 'x\0%s' "$PWD" >venv/compiled`, map[string]map[string]string{"base": {"uv.lock": "1"}})
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	dir := s.lay(filepath.Join(s.root, "elsewhere"), "base")
	s.place(dir, r)
	if got := read(t, filepath.Join(dir, "venv/bin/tool")); got != "#!"+dir+"/venv/bin/python\n" {
		t.Errorf("%q", got)
	}
	if got, err := os.Readlink(filepath.Join(dir, "venv/bin/again")); err != nil || got != dir+"/venv/bin/tool" {
		t.Errorf("%q, %v", got, err)
	}
	if got := read(t, filepath.Join(dir, "venv/compiled")); strings.Contains(got, dir) {
		t.Errorf("what is no text was changed: %q", got)
	}
}

func TestFilesOutsideOfGit(t *testing.T) {
	trees := map[string]map[string]string{"base": {"a.txt": "1", "conf/x": "1"}, "tracks": {".env": "tracked", "conf/x": "1"}}
	s := newScene(t, "cp .env seen", trees)
	s.spec.Copy = []string{".env", "certs", "missing", "conf", "leads-out", "conf/x/y"}
	s.spec.Link = []string{"models/big.bin"}
	write(t, filepath.Join(s.checkout, ".env"), "TOKEN=1")
	write(t, filepath.Join(s.checkout, "certs/dev.pem"), "pem")
	write(t, filepath.Join(s.checkout, "models/big.bin"), "weights")
	write(t, filepath.Join(s.checkout, "conf/x"), "mine")
	for name, target := range map[string]string{"leads-out": "/etc/hostname", "certs/in": "dev.pem", "certs/out": "../../../etc/passwd"} {
		if err := os.Symlink(target, filepath.Join(s.checkout, name)); err != nil {
			t.Fatal(err)
		}
	}
	stamp := s.store.Stamp(s.spec)
	r := s.find(setups.Want{Tree: "base", Trusted: true})
	dir := s.lay(filepath.Join(s.root, "w"), "base")
	out := s.place(dir, r)
	if got := r.Beside(); !slices.Equal(got, []string{"seen", ".env", "certs", "models/big.bin"}) {
		t.Errorf("beside %v", got)
	}
	if read(t, filepath.Join(dir, ".env")) != "TOKEN=1" || read(t, filepath.Join(dir, "seen")) != "TOKEN=1" || read(t, filepath.Join(dir, "certs/in")) != "pem" ||
		read(t, filepath.Join(dir, "models/big.bin")) != "weights" || read(t, filepath.Join(dir, "conf/x")) != "1" || read(t, filepath.Join(dir, "certs/out")) != "" {
		t.Error(content(t, dir))
	}
	for _, want := range []string{"missing was not copied: your folder has none", "conf was not copied: Git tracks it", "leads-out was not copied", "certs/out was not copied", "conf/x/y was not copied"} {
		if !slices.ContainsFunc(out.Notes, func(n string) bool { return strings.HasPrefix(n, want) }) {
			t.Errorf("no note says %q: %q", want, out.Notes)
		}
	}
	// The person changes a file: the next one gets it, and no command runs.
	write(t, filepath.Join(s.checkout, ".env"), "TOKEN=22")
	if s.store.Stamp(s.spec) == stamp {
		t.Error("the stamp is the same for another file")
	}
	s.place(dir, s.find(setups.Want{Tree: "base", Trusted: true}))
	if read(t, filepath.Join(dir, ".env")) != "TOKEN=22" || s.runs() != 1 {
		t.Errorf("%q, %d runs", read(t, filepath.Join(dir, ".env")), s.runs())
	}
	// A tree that tracks it keeps its own.
	other := s.lay(filepath.Join(s.root, "x"), "tracks")
	tracked := s.find(setups.Want{Tree: "tracks"})
	s.place(other, tracked)
	if read(t, filepath.Join(other, ".env")) != "tracked" || slices.Contains(tracked.Beside(), ".env") {
		t.Errorf("a tracked file was overwritten")
	}
	// What is the person's is not kept with the set-up.
	if err := filepath.WalkDir(filepath.Join(s.root, "setups"), func(p string, d fs.DirEntry, err error) error {
		if d.Name() == ".env" || d.Name() == "dev.pem" {
			t.Errorf("kept: %s", p)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	only := setup.Spec{Copy: []string{".env"}}
	if r := s.find(setups.Want{Spec: only, Tree: "base"}); r.Key != "" || r.Made || len(r.Beside()) != 1 {
		t.Errorf("without commands: %+v", r)
	}
}

func TestCollect(t *testing.T) {
	s := newScene(t, "mkdir made; echo 12345 >made/x", map[string]map[string]string{"a": {"go.mod": "1"}, "b": {"go.mod": "2"}})
	a, b := s.find(setups.Want{Tree: "a", Trusted: true}), s.find(setups.Want{Tree: "b", Trusted: true})
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(s.root, "setups", a.Key, "made.json"), old, old); err != nil {
		t.Fatal(err)
	}
	kept, err := s.store.List()
	if err != nil || len(kept) != 2 || kept[0].Key != a.Key || kept[1].Key != b.Key || kept[0].Bytes != 6 || kept[0].Files != 1 {
		t.Fatalf("%+v, %v", kept, err)
	}
	dir := s.lay(filepath.Join(s.root, "w"), "a")
	s.place(dir, a)
	write(t, filepath.Join(s.root, "setups", a.Key+".tmp", "x"), "half")
	if ok, err := s.store.Remove(a.Key); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if _, err := s.store.Place(t.Context(), dir, a); fault.KindOf(err) != fault.Transient {
		t.Errorf("placed what was removed: %v", err)
	}
	if kept, _ = s.store.List(); len(kept) != 1 || kept[0].Key != b.Key {
		t.Errorf("%+v", kept)
	}
	write(t, filepath.Join(s.root, "setups", b.Key+".tmp", "x"), "half")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Tidy(); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(s.root, "setups", "*.tmp"))
	records, _ := filepath.Glob(filepath.Join(s.root, "setups", "placed", "*"))
	if len(left)+len(records) != 0 {
		t.Errorf("left: %v %v", left, records)
	}
	if err := setups.New(filepath.Join(s.root, "none"), setups.Tools{}).Tidy(); err != nil {
		t.Error(err)
	}
}

package confine

import (
	"path"
	"reflect"
	"slices"
	"testing"

	"muster/internal/core/job"
)

// linked resolves a few links and knows only some paths.
func linked(p string) (string, bool) {
	known := map[string]string{
		"/usr": "/usr", "/bin": "/usr/bin", "/etc": "/etc", "/opt": "/opt", "/home/me": "/data/me", "/w": "/w", "/w/a": "/w/a", "/w/a/b": "/w/a/b", "/": "/", "/w-x": "/w-x",
	}
	real, ok := known[p]
	return real, ok
}

func TestRules(t *testing.T) {
	got := rules(job.Confinement{
		Home: "/home/me", Writable: []string{"/w", "/gone"}, Readable: []string{"/w-x", "/opt", "/", "/w"}, Fixed: []string{"/w/a"}, Hidden: []string{"/w/a/b"},
	}, linked)
	want := []rule{
		{"/data/me", writes},
		{"/etc", reads},
		{"/opt", reads},
		{"/usr", reads},
		{"/w", writes},
		{"/w-x", reads},
		{"/w/a", reads},
		{"/w/a/b", hidden},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for p, a := range map[string]access{"/w": writes, "/w/x": writes, "/w/a": reads, "/w/ab": writes, "/w/a/b/c": hidden, "/w-x/y": reads, "/usr/bin": reads} {
		if got, ok := covered(want, p); !ok || got != a {
			t.Errorf("%s: %v %v", p, got, ok)
		}
	}
	for _, p := range []string{"/", "/x", "/data", "/wx"} {
		if got, ok := covered(want, p); ok {
			t.Errorf("%s: %v", p, got)
		}
	}
}

func TestSpread(t *testing.T) {
	tree := map[string][]string{"/e": {"a", "s", "d"}, "/e/d": {"b", "k"}}
	list := func(dir string) []string { return tree[dir] }
	got := spread(rule{"/e", reads}, []string{"/e/s", "/e/d/k", "/x"}, list)
	if want := []rule{{"/e/a", reads}, {"/e/d/b", reads}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := spread(rule{"/e", reads}, []string{"/ex", "/"}, list); !reflect.DeepEqual(got, []rule{{"/e", reads}}) {
		t.Errorf("without holes: %v", got)
	}
	if got := spread(rule{"/e", reads}, []string{"/e"}, list); got != nil {
		t.Errorf("all of it is a hole: %v", got)
	}
}

func TestEnvironment(t *testing.T) {
	o := order{Env: []string{"A=1", "HOME=/root", "TMP=/x", "HOMEX=2"}, C: job.Confinement{Home: "/h", Level: job.LevelStandard}}
	if got, want := environment(o), []string{"A=1", "HOMEX=2", "HOME=/h", "TMPDIR=/h/.tmp"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	o.C.Level = job.LevelStrict
	if got := environment(o); got[len(got)-1] != "TMPDIR=/tmp" {
		t.Errorf("%q", got)
	}
	if path.Dir(temporary("/h")) != "/h" {
		t.Error(temporary("/h"))
	}
}

package outside_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/internal/app/outside"
	"muster/internal/check"
	"muster/internal/core/job"
	"muster/internal/core/registries"
)

// tools answer as the tools of a person would.
type tools struct {
	mu    sync.Mutex
	says  map[string]string
	asked []string
}

func (f *tools) Run(_ context.Context, c job.Command) (job.Output, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	line := strings.Join(c.Argv, " ")
	f.asked = append(f.asked, line)
	text, ok := f.says[line]
	if !ok {
		return job.Output{Code: 1, Stdout: "https://wrong.test/\n"}, nil
	}
	return job.Output{Stdout: text + "\n"}, nil
}

func packages(home string, f *tools, env map[string]string) *outside.Packages {
	all := map[string]string{"HOME": home}
	maps.Copy(all, env)
	return &outside.Packages{Env: all, Has: func(name string) bool { return name != "missing" }, Exec: func() check.Exec { return f }, Dir: home}
}

func TestRegistries(t *testing.T) {
	home := t.TempDir()
	for name, text := range map[string]string{".npmrc": "@mine:registry=https://mine.test/\n//mine.test/:_authToken=${T}\n", ".netrc": "machine go.test login a password b\n"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const goEnv = "go env GOPROXY GONOPROXY GOPRIVATE GOSUMDB GONOSUMDB"
	f := &tools{says: map[string]string{
		goEnv: "https://go.test,direct\n\ncorp.test\nsums.test+key https://sums.test/x\n", "npm config get registry": "https://npm.test/",
		"python3 -m pip download --help": "-i, --index-url <url>  Base (default\n  https://pip.test/simple). This",
	}}
	got, err := packages(home, f, map[string]string{"T": "token"}).Registries(t.Context())
	want := registries.Config{
		GoProxy: "https://go.test,direct", GoPrivate: "corp.test", GoSum: "sums.test+key https://sums.test/x", GoNoSum: "corp.test", NPM: "https://npm.test/", NPMScopes: map[string]string{"@mine": "https://mine.test/"},
		NPMLogins: []registries.Login{{Prefix: "//mine.test/", Header: "Bearer token"}}, PyPI: []string{"https://pip.test/simple"}, Logins: []registries.Login{{Prefix: "//go.test/", Header: "Basic YTpi"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %v\nwant %+v", got, err, want)
	}
	// An index that a person has set is not asked of pip, and tools that say
	// nothing leave their registries out.
	f = &tools{says: map[string]string{"npm config get registry": "undefined"}}
	got, err = packages(t.TempDir(), f, map[string]string{"PIP_INDEX_URL": "https://own.test/simple"}).Registries(t.Context())
	want = registries.Config{NPMScopes: map[string]string{}, PyPI: []string{"https://own.test/simple"}}
	if err != nil || !reflect.DeepEqual(got, want) || slices.ContainsFunc(f.asked, func(line string) bool { return strings.Contains(line, "pip") }) {
		t.Errorf("%+v %v %q", got, err, f.asked)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := packages(t.TempDir(), f, nil).Registries(ended); err == nil {
		t.Error("what was broken off counts as an answer")
	}
}

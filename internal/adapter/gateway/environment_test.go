package gateway

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/fault"
)

// What a gateway needs is left, and no login that stands in an address.
func TestEnvironmentIsLeft(t *testing.T) {
	dir := t.TempDir()
	if env, without, err := Environment(dir); err != nil || env != nil || without != nil {
		t.Errorf("nothing was left: %q, %q, %v", env, without, err)
	}
	keep := []string{"HOME=/home/me", "PATH=/opt/python@3/bin:/a//b@c", "no_proxy=localhost", "HTTP_PROXY=http://proxy:3128", "GOPROXY=https://a.example/x@v1,direct", "EMPTY="}
	secret := []string{"HTTPS_PROXY=http://me:word@proxy:3128", "all_proxy=me:word@proxy:3128", "PIP=https://r.example/,https://token@s.example/simple"}
	if err := leaveEnvironment(dir, slices.Concat(keep, secret)); err != nil {
		t.Fatal(err)
	}
	env, without, err := Environment(dir)
	if err != nil || !slices.Equal(env, keep) || !slices.Equal(without, []string{"HTTPS_PROXY", "all_proxy", "PIP"}) {
		t.Errorf("%q, %q, %v", env, without, err)
	}
	file := filepath.Join(dir, environmentFile)
	before, err := os.Stat(file)
	if err != nil || before.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", before, err)
	}
	if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "word") || strings.Contains(string(data), "token") {
		t.Errorf("%s, %v", data, err)
	}
	if err := leaveEnvironment(dir, slices.Concat(keep, secret)); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
		t.Errorf("the same was written again: %v", err)
	}
	if err := leaveEnvironment(dir, []string{"HOME=/else"}); err != nil {
		t.Fatal(err)
	}
	if env, _, err := Environment(dir); err != nil || !slices.Equal(env, []string{"HOME=/else"}) {
		t.Errorf("%q, %v", env, err)
	}
}

func TestEnvironmentThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"", "{", `{"env": ["no value"]}`, `{"env": ["=x"]}`, `{"env": ["A=\u0000"]}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, environmentFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if env, _, err := Environment(dir); err == nil || env != nil || fault.HintOf(err) == "" {
			t.Errorf("%q: %q, %v", text, env, err)
		}
		if err := leaveEnvironment(dir, []string{"A=1"}); err != nil {
			t.Errorf("%q is not written anew: %v", text, err)
		}
	}
}

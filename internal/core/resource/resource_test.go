package resource_test

import (
	"strings"
	"testing"

	"muster/internal/core/resource"
)

func TestRoom(t *testing.T) {
	const gib = 1 << 30
	l := resource.Limits{AgentMemory: gib, FreeMemory: gib / 2, FreeDisk: gib}
	one := []resource.Agent{{Need: 2 * gib, Used: gib}} // may take another GiB
	for _, c := range []struct {
		name    string
		reading resource.Reading
		limits  resource.Limits
		running []resource.Agent
		next    resource.Agent
		want    string
	}{
		{"room for all", resource.Reading{Memory: 10 * gib, Disk: 10 * gib}, l, one, resource.Agent{}, ""},
		{"disk at the limit", resource.Reading{Disk: gib}, l, nil, resource.Agent{}, ""},
		{"disk below it, even for the first", resource.Reading{Disk: gib - 1}, l, nil, resource.Agent{}, resource.LackDisk},
		{"disk of unknown size", resource.Reading{}, l, one, resource.Agent{}, ""},
		{"disk without a limit", resource.Reading{Disk: 1}, resource.Limits{}, one, resource.Agent{}, ""},
		{"memory just enough", resource.Reading{Memory: gib + gib + gib/2}, l, one, resource.Agent{}, ""},
		{"memory one byte short", resource.Reading{Memory: gib + gib + gib/2 - 1}, l, one, resource.Agent{}, resource.LackMemory},
		{"the first is never kept back for memory", resource.Reading{Memory: 1}, l, nil, resource.Agent{Need: 9 * gib}, ""},
		{"a measured agent needs what it was measured", resource.Reading{Memory: 2 * gib}, l, one, resource.Agent{Need: gib / 4}, ""},
		{"or more than the default", resource.Reading{Memory: 3 * gib}, l, one, resource.Agent{Need: 2 * gib}, resource.LackMemory},
		{"who took more than it needs gives nothing back", resource.Reading{Memory: gib + gib/2}, l, []resource.Agent{{Need: gib, Used: 5 * gib}}, resource.Agent{}, ""},
		{"memory without a limit", resource.Reading{Memory: 1}, resource.Limits{FreeMemory: gib}, one, resource.Agent{}, ""},
		{"memory of unknown size", resource.Reading{}, l, one, resource.Agent{}, ""},
	} {
		got := resource.Room(c.reading, c.limits, c.running, c.next)
		if got.What != c.want {
			t.Errorf("%s: lacks %q (%s), want %q", c.name, got.What, got.Why, c.want)
		}
		if (got.Why == "") != (c.want == "") {
			t.Errorf("%s: the reason is %q", c.name, got.Why)
		}
	}
}

func TestLackSaysTheFigures(t *testing.T) {
	const mib = 1 << 20
	got := resource.Room(resource.Reading{Disk: 300 * mib}, resource.Default(), nil, resource.Agent{})
	if !strings.Contains(got.Why, "300 MiB free") || !strings.Contains(got.Why, "1.0 GiB") {
		t.Error(got.Why)
	}
	got = resource.Room(resource.Reading{Memory: 900 * mib}, resource.Default(), []resource.Agent{{Need: 700 * mib, Used: 100 * mib}}, resource.Agent{})
	for _, want := range []string{"900 MiB of memory", "needs 1.0 GiB", "take 600 MiB more", "512 MiB stay free"} {
		if !strings.Contains(got.Why, want) {
			t.Errorf("%q is not in %q", want, got.Why)
		}
	}
	if resource.Size(2048) != "2 KiB" {
		t.Error(resource.Size(2048))
	}
}

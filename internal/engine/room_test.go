package engine

import (
	"context"
	"encoding/json"
	"testing"

	"muster/internal/core/config"
	"muster/internal/core/flow"
	"muster/internal/core/plan"
	"muster/internal/core/resource"
)

// desk is a machine with a clock that runs as fast as it is waited for, and
// the blobs of one run.
type desk struct {
	now     int64
	free    []resource.Reading // the next readings; the last one stays
	need    int64
	rough   []resource.Agent
	exact   []resource.Agent
	cares   []Care
	blobs   map[string][]byte
	waiting int
}

func (d *desk) Free() resource.Reading {
	r := d.free[0]
	if len(d.free) > 1 {
		d.free = d.free[1:]
	}
	return r
}

func (d *desk) Need(context.Context, string) resource.Agent { return resource.Agent{Need: d.need} }

func (d *desk) Running(c Care) []resource.Agent {
	d.cares = append(d.cares, c)
	if c == Exactly {
		return d.exact
	}
	return d.rough
}

func (d *desk) NowUS() int64 { return d.now }

func (d *desk) After(us int64) <-chan struct{} {
	d.now, d.waiting = max(d.now, us), d.waiting+1
	c := make(chan struct{})
	close(c)
	return c
}

func (d *desk) PutBlob(context.Context, []byte) (string, error)    { return "", nil }
func (d *desk) Blob(_ context.Context, sha string) ([]byte, error) { return d.blobs[sha], nil }

func newDesk(t *testing.T, l resource.Limits) (*desk, *Hands, flow.Inputs) {
	t.Helper()
	d := &desk{blobs: map[string][]byte{}}
	for sha, v := range map[string]any{"plan": plan.Plan{}, "config": config.Config{Resources: l}} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		d.blobs[sha] = data
	}
	return d, NewHands(Ports{Machine: d, Clock: d, Blobs: d}), flow.Inputs{Run: "r", Plan: "plan", Config: "config"}
}

const mib = 1 << 20

// What agents use is read only when there is no room without knowing it.
func TestRoomReadsMoreOnlyWhenItMatters(t *testing.T) {
	l := resource.Limits{AgentMemory: 100 * mib}
	d, h, _ := newDesk(t, l)
	d.rough, d.exact = []resource.Agent{{Need: 100 * mib}}, []resource.Agent{{Need: 100 * mib, Used: 90 * mib}}
	for _, c := range []struct {
		free  int64
		want  string
		cares int
	}{{200 * mib, "", 1}, {150 * mib, "", 2}, {105 * mib, resource.LackMemory, 2}} {
		d.free, d.cares = []resource.Reading{{Memory: c.free}}, nil
		lack, reading := h.rooms.room(t.Context(), l, "a", "")
		if lack.What != c.want || len(d.cares) != c.cares || reading.Memory != c.free {
			t.Errorf("%d MiB: %+v after %v", c.free/mib, lack, d.cares)
		}
	}
	d.cares = nil
	if lack, _ := h.rooms.room(t.Context(), resource.Limits{FreeMemory: 1}, "a", ""); lack.What != "" || len(d.cares) != 0 {
		t.Error("without limits something was read")
	}
	if lack, _ := NewHands(Ports{}).rooms.room(t.Context(), l, "a", "o"); lack.What != "" {
		t.Error("without a machine there is no room")
	}
}

// Room that was promised to one agent is not given to another before the first
// one runs, and is forgotten when it never does.
func TestPromisedRoom(t *testing.T) {
	l := resource.Limits{AgentMemory: 100 * mib}
	d, h, _ := newDesk(t, l)
	d.free = []resource.Reading{{Memory: 150 * mib}}
	ask := func(owner string) string {
		lack, _ := h.rooms.room(t.Context(), l, "a", owner)
		return lack.What
	}
	for range 2 {
		if ask("one") != "" {
			t.Error("the first agent, or the same one again, has no room")
		}
	}
	if ask("two") != resource.LackMemory {
		t.Error("the room of the first was given away")
	}
	if h.rooms.started("one"); ask("two") != "" {
		t.Error("it started, and its promise holds on")
	}
	d.now += promiseUS + 1
	if ask("three") != "" {
		t.Error("an agent that never started keeps its room")
	}
}

func TestAwaitRoom(t *testing.T) {
	l := resource.Limits{FreeDisk: 100 * mib}
	d, h, in := newDesk(t, l)
	little, much := resource.Reading{Disk: 1 * mib}, resource.Reading{Disk: 900 * mib}
	await := func() flow.RoomMeasured {
		t.Helper()
		a, err := h.awaitRoom(t.Context(), flow.AwaitRoom{Inputs: in, Agent: "a"})
		if err != nil {
			t.Fatal(err)
		}
		return a.Data.(flow.RoomMeasured)
	}
	d.free = []resource.Reading{little, little, much}
	if got := await(); got.Lack.What != "" || got.Reading != much || d.waiting != 2 {
		t.Errorf("%+v after %d waits", got, d.waiting)
	}
	d.free, d.waiting = []resource.Reading{little}, 0
	if got := await(); got.Lack.What != resource.LackDisk || got.Lack.Why == "" || d.waiting != tellOfRoomUS/lookForRoomUS {
		t.Errorf("%+v after %d waits", got, d.waiting)
	}
	if len(h.rooms.promised) != 0 {
		t.Error("looking promised something")
	}
}

package job_test

import (
	"reflect"
	"slices"
	"testing"

	"muster/internal/core/job"
)

// Every number of a usage must be in its sum, so each is set to a power of two.
func TestUsageAddsEveryField(t *testing.T) {
	var u, v, want job.Usage
	ru, rv, rw := reflect.ValueOf(&u).Elem(), reflect.ValueOf(&v).Elem(), reflect.ValueOf(&want).Elem()
	for i := range ru.NumField() {
		switch ru.Field(i).Kind() {
		case reflect.Int64:
			ru.Field(i).SetInt(1 << i)
			rv.Field(i).SetInt(1 << (i + 20))
			rw.Field(i).SetInt(1<<i + 1<<(i+20))
		case reflect.Bool:
			rv.Field(i).SetBool(true)
			rw.Field(i).SetBool(true)
		default:
			t.Fatalf("what is the sum of two %s?", ru.Field(i).Kind())
		}
	}
	if got := u.Add(v); got != want {
		t.Errorf("%+v and %+v give %+v", u, v, got)
	}
	if u.Add(v) != v.Add(u) || u.Add(job.Usage{}) != u {
		t.Error("order matters, or nothing is something")
	}
}

// A price that is not known stays unknown, whatever is added.
func TestUnknownCostStaysUnknown(t *testing.T) {
	if u := (job.Usage{CostUnknown: true}).Add(job.Usage{CostMicroUSD: 5}); !u.CostUnknown || u.CostMicroUSD != 5 {
		t.Errorf("got %+v", u)
	}
	if (job.Usage{CostMicroUSD: 1}).Add(job.Usage{CostMicroUSD: 5}).CostUnknown {
		t.Error("two known prices give an unknown one")
	}
}

func TestTokensLeaveOutTheCache(t *testing.T) {
	u := job.Usage{Input: 1, CacheRead: 10, CacheWrite: 100, Output: 1000, Reasoning: 500, CostMicroUSD: 7}
	if got := u.Tokens(); got != 1101 {
		t.Errorf("%d tokens", got)
	}
}

func TestPutDoor(t *testing.T) {
	in := []string{"BASE=http://" + job.DoorAddress + "/a," + job.DoorAddress, "127.0.0.1:MUSTER", ""}
	want := []string{"BASE=http://127.0.0.1:5/a,127.0.0.1:5", "127.0.0.1:MUSTER", ""}
	if got := job.PutDoor(in, "127.0.0.1:5"); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if in[0] != "BASE=http://"+job.DoorAddress+"/a,"+job.DoorAddress {
		t.Error("the texts that were given are changed")
	}
}

func TestInForce(t *testing.T) {
	for want, c := range map[string]*job.Confinement{
		"off": nil, "strict": {Level: job.LevelStrict}, "standard, network open": {Level: job.LevelStandard, Open: true},
	} {
		if got := c.InForce(); got != want || !slices.Contains(job.Levels(), got) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFullTurns(t *testing.T) {
	task := job.Budget{Scope: job.OfTask, Turns: 10, Spent: job.Usage{Turns: 4}}
	run := job.Budget{Scope: job.OfRun, Turns: 20, Spent: job.Usage{Turns: 15}}
	for _, c := range []struct {
		name    string
		budgets []job.Budget
		taken   int64
		scope   string
	}{
		{"none", nil, 1e9, ""},
		{"no bound", []job.Budget{{Scope: job.OfTask, Tokens: 1}}, 1e9, ""},
		{"room in both", []job.Budget{task, run}, 4, ""},
		{"the second is full", []job.Budget{task, run}, 5, job.OfRun},
		{"both are full", []job.Budget{task, run}, 6, job.OfTask},
		{"the only one is full", []job.Budget{task}, 6, job.OfTask},
		{"more than full", []job.Budget{task}, 60, job.OfTask},
	} {
		b := job.FullTurns(c.budgets, c.taken)
		if b == nil && c.scope != "" || b != nil && b.Scope != c.scope {
			t.Errorf("%s: %+v, want %q", c.name, b, c.scope)
		}
	}
	if got := job.Turns(1) + ", " + job.Turns(0) + ", " + job.Turns(12); got != "1 turn, 0 turns, 12 turns" {
		t.Error(got)
	}
}

// What an attempt used by the time of records that did not count turns is not
// known, which is not none.
func TestUntoldTurns(t *testing.T) {
	for u, want := range map[job.Usage]bool{
		{}: false, {Turns: 3}: false, {Input: 5, Turns: 1}: false, {Input: 5}: true, {TurnsUnknown: true}: true, {Turns: 3, TurnsUnknown: true}: true,
	} {
		if u.UntoldTurns() != want {
			t.Errorf("%+v: untold %v", u, !want)
		}
	}
}

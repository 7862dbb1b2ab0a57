package gateway_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"muster/internal/adapter/agent/fakemodel"
	"muster/internal/adapter/gateway"
	"muster/internal/core/fault"
	"muster/internal/core/meter"
)

// Prices that were fetched are those of the doors that are opened afterwards.
// A door for models is not opened while they cannot be read; others are.
func TestNewerPrices(t *testing.T) {
	var newer atomic.Pointer[meter.Table]
	newer.Store(&meter.Table{})
	h := newHouseWith(t, gateway.Options{Newer: func() (meter.Table, error) {
		if table := newer.Load(); table != nil {
			return *table, nil
		}
		return meter.Table{}, fault.New(fault.Invalid, "read the prices of models in FILE: broken").WithHint("mend it")
	}})
	m := model(t)
	own := func(d *gateway.Door) { d.Prices = nil }
	cost := func(name string) int64 {
		t.Helper()
		if got := ask(h.through(name), "POST", chat, `{"model":"fake-model","messages":[]}`); got.status != 200 {
			t.Fatalf("%+v", got)
		}
		return h.shut(name).Usage.CostMicroUSD
	}
	h.open("a", m.URL, own)
	newer.Store(&meter.Table{Models: map[string]meter.Price{"openai fake-model": {Output: 3e6}}})
	h.open("b", m.URL, own)
	h.open("c", m.URL, nil)
	if got := cost("a"); got != 0 {
		t.Errorf("at a door that was open before: %d", got)
	}
	if got := cost("b"); got != 3*fakemodel.OutputTokens {
		t.Errorf("at one opened since: %d", got)
	}
	if _, others := fixed(); cost("c") != others.CostMicroUSD {
		t.Error("a person's own price does not come first")
	}
	newer.Store(nil)
	d := gateway.Door{Name: "d", Providers: map[string]gateway.Provider{"openai": {Base: m.URL}}}
	if err := h.client.Open(h.ctx(), d); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "FILE") || fault.HintOf(err) != "mend it" {
		t.Errorf("%v, %q", err, fault.HintOf(err))
	}
	if err := h.client.Open(h.ctx(), gateway.Door{Name: "e"}); err != nil {
		t.Errorf("a door without models: %v", err)
	}
}

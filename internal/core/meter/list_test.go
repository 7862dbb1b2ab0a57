package meter_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"muster/internal/core/meter"
)

// Every line of the table of this version was read, within the bounds that
// tables from elsewhere must keep.
func TestStandard(t *testing.T) {
	table := meter.Standard()
	if len(table.Models) < 150 {
		t.Errorf("only %d models", len(table.Models))
	}
	for name, price := range table.Models {
		if price.Output <= 0 || price.Output > 1000e6 || price.CacheRead > price.Input {
			t.Errorf("%s: %+v", name, price)
		}
	}
	got, err := meter.DecodeTable(table.Encode())
	if err != nil || !reflect.DeepEqual(got, table) {
		t.Errorf("written and read: %v", err)
	}
}

// A table that was changed in any byte, or written by another version, is no
// table.
func TestDecodeTable(t *testing.T) {
	price := meter.Price{Input: 1, Output: 2, CacheRead: 3, CacheWrite: 4, Above: 5, Long: &meter.Price{Input: 6}}
	small := meter.Table{Date: "2026-11-28", Origin: "here", Models: map[string]meter.Price{"openai gpt-5": price}}
	data := small.Encode()
	for i := range data {
		broken := append([]byte(nil), data...)
		broken[i] ^= 1
		if _, err := meter.DecodeTable(broken); err == nil {
			t.Fatalf("byte %d was changed, and nobody saw it", i)
		}
	}
	for _, cut := range [][]byte{nil, data[:10], data[:len(data)-1]} {
		if _, err := meter.DecodeTable(cut); err == nil {
			t.Errorf("%d bytes of it are a table", len(cut))
		}
	}
	many := map[string]meter.Price{}
	for i := range 20_001 {
		many[fmt.Sprint("openai m", i)] = meter.Price{Input: 1}
	}
	chain := &meter.Price{}
	for range 20 {
		chain = &meter.Price{Long: chain}
	}
	for why, bad := range map[string]meter.Table{
		"its date":              {Date: "tomorrow", Models: small.Models},
		"it has 0 models":       {Date: "2026-11-28"},
		"it has 20001 models":   {Date: "2026-11-28", Models: many},
		"is no vendor":          {Date: "2026-11-28", Models: map[string]meter.Price{"gpt-5": price}},
		"is no price":           {Date: "2026-11-28", Models: map[string]meter.Price{"openai gpt-5": {Input: -1}}},
		"$10000.000001":         {Date: "2026-11-28", Models: map[string]meter.Price{"openai gpt-5": {Long: &meter.Price{Output: 1e10 + 1}}}},
		"it has too many steps": {Date: "2026-11-28", Models: map[string]meter.Price{"openai gpt-5": *chain}},
	} {
		if _, err := meter.DecodeTable(bad.Encode()); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// list is api.json with a model of each vendor that must be there, and one more.
func list(more string) []byte {
	const rest = `"x":{"cost":{"input":1,"output":2}}`
	return []byte(`{"anthropic":{"models":{` + rest + `}},"google":{"models":{` + rest + `}},"openai":{"models":{` + rest + more + `}},"elsewhere":{"models":{"x":{"cost":{"input":-1}}}}}`)
}

func TestReadModelsDev(t *testing.T) {
	for _, c := range []struct {
		more string
		want *meter.Price // nil: left out
	}{
		{`"cost":{"input":2.5,"output":10.000001,"cache_read":0,"cache_write":3,"input_audio":9}`, &meter.Price{Input: 2_500_000, Output: 10_000_001, CacheWrite: 3e6}},
		{`"cost":{"input":2,"output":8},"modalities":{"input":["image"],"output":["text","image"]}`, &meter.Price{Input: 2e6, Output: 8e6, CacheRead: 2e6, CacheWrite: 2e6}},
		{`"cost":{"input":2,"output":8,"context_over_200k":{"input":4,"output":16}}`, &meter.Price{
			Input: 2e6, Output: 8e6, CacheRead: 2e6, CacheWrite: 2e6, Above: 200_000, Long: &meter.Price{Input: 4e6, Output: 16e6, CacheRead: 4e6, CacheWrite: 4e6},
		}},
		{
			`"cost":{"input":1,"output":1,"cache_read":1,"context_over_200k":{"input":9,"output":9},
			"tiers":[{"input":3,"output":3,"tier":{"type":"context","size":500}},{"input":2,"output":2,"tier":{"type":"context","size":100}},{"input":7,"output":7,"tier":{"type":"moon"}}]}`,
			&meter.Price{Input: 1e6, Output: 1e6, CacheRead: 1e6, CacheWrite: 1e6, Above: 100, Long: &meter.Price{
				Input: 2e6, Output: 2e6, CacheRead: 2e6, CacheWrite: 2e6, Above: 500, Long: &meter.Price{Input: 3e6, Output: 3e6, CacheRead: 3e6, CacheWrite: 3e6},
			}},
		},
		{`"cost":{"input":0,"output":0}`, nil},
		{`"cost":{"input":1,"output":1},"modalities":{"output":["audio"]}`, nil},
		{`"name":"no price"`, nil},
	} {
		table, err := meter.ReadModelsDev(list(`,"Model":{`+c.more+`}`), "2026-11-28", "here")
		if err != nil {
			t.Errorf("%s: %v", c.more, err)
			continue
		}
		got, ok := table.Models["openai model"]
		if ok != (c.want != nil) || ok && !reflect.DeepEqual(got, *c.want) {
			t.Errorf("%s: %+v", c.more, got)
		}
		if _, ok := table.Models["gemini x"]; !ok || len(table.Models) > 4 || table.Date != "2026-11-28" || table.Origin != "here" {
			t.Errorf("%+v", table)
		}
	}
}

// A list that is wrong in one place is wrong, and the place is named.
func TestReadModelsDevNamesWhatIsWrong(t *testing.T) {
	for more, want := range map[string]string{
		`,"m":{"cost":{"input":-0.5,"output":1}}`:  "openai.models.m: cost.input is -0.5",
		`,"m":{"cost":{"input":1,"output":10001}}`: "cost.output is 10001",
		`,"m":{"cost":{"input":1}}`:                "cost.output is missing",
		`,"m":{"cost":{"input":"1","output":1}}`:   "openai.models.m: json:",
		`,"m":{"cost":{"input":1,"output":1,"tiers":[{"input":1,"output":1,"tier":{"type":"context"}}]}}`: "a step at no size",
		`,"m":{"cost":{"input":1,"output":1,"tiers":[{"input":1,"tier":{"type":"context","size":1}}]}}`:   "cost.tiers.output is missing",
		`,"m":{"cost":{"input":1,"output":1,"context_over_200k":{}}}`:                                     "cost.context_over_200k.input is missing",
	} {
		if _, err := meter.ReadModelsDev(list(more), "2026-11-28", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", more, err)
		}
	}
	for text, want := range map[string]string{
		"<html>": "not the list of models.dev", "[]": "not the list of models.dev", "{}": "no priced model of anthropic",
		`{"anthropic":{"models":{"x":{"cost":{"input":1,"output":1}}}}}`: "no priced model of openai",
	} {
		if _, err := meter.ReadModelsDev([]byte(text), "2026-11-28", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := meter.ReadModelsDev(list(""), "28.11.2026", ""); err == nil {
		t.Error("a date in another form is accepted")
	}
}

func TestCompare(t *testing.T) {
	long := func(in int64) *meter.Price { return &meter.Price{Input: in} }
	was := meter.Table{Models: map[string]meter.Price{
		"v same": {Input: 1, Above: 9, Long: long(5)}, "v dearer": {Input: 10, Output: 10}, "v tenfold": {Output: 10}, "v nothing": {Input: 5, Output: 1},
		"v longer": {Input: 1, Above: 9, Long: long(10)}, "v step": {Input: 1}, "v gone": {}, "v gone2": {},
	}}
	now := meter.Table{Models: map[string]meter.Price{
		"v same": {Input: 1, Above: 9, Long: long(5)}, "v dearer": {Input: 10, Output: 12}, "v tenfold": {Output: 1}, "v nothing": {Input: 5},
		"v longer": {Input: 1, Above: 9, Long: long(15)}, "v step": {Input: 1, Above: 9, Long: long(2)}, "v new": {},
	}}
	changes, added, gone := meter.Compare(was, now)
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprintf("%s %s x%.1f %v", c.Vendor, c.Model, c.Times, c.IsLarge()))
	}
	want := []string{"v tenfold x10.0 true", "v nothing x0.0 true", "v longer x1.5 false", "v dearer x1.2 false", "v step x1.0 false"}
	if !reflect.DeepEqual(got, want) || added != 1 || gone != 2 {
		t.Errorf("%q, %d new, %d gone", got, added, gone)
	}
}

// What was fetched comes before what is built in, and a person's own before
// both; where a price is from is told.
func TestLookup(t *testing.T) {
	newer := meter.Table{Models: map[string]meter.Price{"openai gpt-5": {Input: 7}, "openai gpt-9": {Input: 8}}}
	p := meter.NewPrices(meter.Lists{Own: map[string]meter.Price{"gpt-9": {Input: 9}}, Newer: newer})
	for _, c := range []struct {
		model string
		input int64
		from  meter.Source
	}{
		{"gpt-5", 7, meter.Newer}, {"gpt-9", 9, meter.Own}, {"gpt-5.5", 5e6, meter.BuiltIn}, {"fake", 0, meter.Unknown},
	} {
		if got, from := p.Lookup("openai", c.model); got.Input != c.input || from != c.from {
			t.Errorf("%s: %+v %s", c.model, got, from)
		}
	}
	if _, from := meter.NewPrices(meter.Lists{Free: true}).Lookup("openai", "fake"); from != meter.Free {
		t.Errorf("on a machine of one's own: %s", from)
	}
	over := newer.Over(meter.Table{Date: "old", Models: map[string]meter.Price{"openai gpt-5": {Input: 1}, "openai old": {Input: 2}}})
	if over.Date != "" || len(over.Models) != 3 || over.Models["openai gpt-5"].Input != 7 || over.Models["openai old"].Input != 2 {
		t.Errorf("%+v", over)
	}
}

package provenance

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/internal/core/change"
	"muster/internal/core/job"
)

type schema struct {
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Additional *bool             `json:"additionalProperties"`
	Items      *schema           `json:"items"`
	Const      string            `json:"const"`
	Defs       map[string]schema `json:"$defs"`
}

// TestTheSchemaHasTheFields: every field that is written is in the published
// schema, and no other; what is always written is required.
func TestTheSchemaHasTheFields(t *testing.T) {
	data, err := os.ReadFile("../../../docs/schema/provenance.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if s.Properties["_type"].Const != StatementType || s.Properties["predicateType"].Const != PredicateType {
		t.Error("the schema is of other types")
	}
	ledger := s.Defs["ledger"].Properties
	for _, c := range []struct {
		name string
		part schema
		of   any
	}{
		{"statement", s, Statement{}},
		{"subject", *s.Properties["subject"].Items, Subject{}},
		{"digest", s.Properties["subject"].Items.Properties["digest"], Digest{}},
		{"predicate", s.Properties["predicate"], Predicate{}},
		{"signer", s.Defs["signer"], Signer{}},
		{"run", s.Defs["run"], Run{}},
		{"task", s.Defs["task"], Task{}},
		{"change", s.Defs["change"], Change{}},
		{"attempt", s.Defs["attempt"], Attempt{}},
		{"usage", s.Defs["usage"], job.Usage{}},
		{"verdict", s.Defs["verdict"], Verdict{}},
		{"check", s.Defs["check"], Check{}},
		{"act", s.Defs["act"], Act{}},
		{"point", s.Defs["point"], change.Point{}},
		{"ledger", s.Defs["ledger"], Position{}},
		{"record", *ledger["records"].Items, Record{}},
		{"seal", ledger["seal"], Seal{}},
	} {
		var all, always []string
		for field := range reflect.TypeOf(c.of).Fields() {
			name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
			if all = append(all, name); rest != "omitempty" {
				always = append(always, name)
			}
		}
		var has []string
		for name := range c.part.Properties {
			has = append(has, name)
		}
		for _, list := range [][]string{all, always, has, c.part.Required} {
			slices.Sort(list)
		}
		if !slices.Equal(all, has) || !slices.Equal(always, c.part.Required) || c.part.Additional == nil || *c.part.Additional {
			t.Errorf("%s: fields %q, in the schema %q; always %q, required %q; others are allowed: %v", c.name, all, has, always, c.part.Required, c.part.Additional)
		}
	}
}

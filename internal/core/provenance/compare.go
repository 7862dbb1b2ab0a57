package provenance

import (
	"fmt"
	"reflect"
	"strings"
)

// Compare tells in which parts a predicate says something else than follows
// from the history, in the words of its JSON. What depends on a blob that is
// missing is not compared.
func (h History) Compare(said Predicate, blobs map[string][]byte, seal Seal) ([]string, error) {
	is, err := h.Predicate(blobs, seal)
	if err != nil {
		return nil, err
	}
	if _, ok := blobs[h.run.Plan]; !ok {
		is.Task.Type, is.Task.Title, is.Task.Prompt = said.Task.Type, said.Task.Title, said.Task.Prompt
	}
	if _, ok := blobs[h.run.Config]; !ok && len(is.Attempts) == len(said.Attempts) {
		for i := range is.Attempts {
			is.Attempts[i].Driver, is.Attempts[i].Model = said.Attempts[i].Driver, said.Attempts[i].Model
		}
	}
	if len(is.Verdicts) == len(said.Verdicts) {
		for i, v := range said.Verdicts {
			if _, ok := blobs[is.Verdicts[i].Evidence]; !ok {
				is.Verdicts[i].Sandbox, is.Verdicts[i].Checks = v.Sandbox, v.Checks
			}
		}
	}
	is.Muster, is.Signer = said.Muster, said.Signer
	return differing("", reflect.ValueOf(said), reflect.ValueOf(is)), nil
}

// differing names the fields of two values of one type that differ, the
// deepest that can be named.
func differing(name string, said, is reflect.Value) []string {
	if reflect.DeepEqual(said.Interface(), is.Interface()) {
		return nil
	}
	join := func(part string) string {
		if name == "" {
			return part
		}
		return name + "." + part
	}
	var out []string
	switch {
	case said.Kind() == reflect.Struct:
		for i := range said.NumField() {
			part, _, _ := strings.Cut(said.Type().Field(i).Tag.Get("json"), ",")
			out = append(out, differing(join(part), said.Field(i), is.Field(i))...)
		}
		return out
	case said.Kind() == reflect.Slice && said.Type().Elem().Kind() == reflect.Struct && said.Len() == is.Len():
		for i := range said.Len() {
			out = append(out, differing(fmt.Sprintf("%s[%d]", name, i), said.Index(i), is.Index(i))...)
		}
		if len(out) > 0 {
			return out
		}
	}
	if said.Kind() == reflect.Slice && said.Len() == 0 && is.Len() == 0 {
		return nil // none is none, whether it was written as a list or left out
	}
	return []string{name}
}

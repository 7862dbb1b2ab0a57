package words

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"muster/internal/source"
)

func TestGiven(t *testing.T) {
	for _, tt := range []struct {
		code, name string
		lang       source.Language
		want       string
	}{
		{`if got := f(2, "in"); got != 4 { t.Errorf("got %d", got) }`, "TestF", source.Go, "2 4 in"},
		{`t.Fatal("no error"); use("x")`, "TestF", source.Go, "x"},
		{`t.Run("case", f)`, "TestF", source.Go, "case"},
		{`it('reads b', () => { expect(f('b')).toBe(-1) })`, "f > reads b", source.TypeScript, "-1 b"},
		{`fail.Errorf("kept")`, "test_f", source.Python, "kept"},
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(Given(Scan(tt.code, tt.lang), tt.name, tt.lang))), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.code, got, tt.want)
		}
	}
}

// Values are supplied as they are, or filled into a text.
func TestSupplied(t *testing.T) {
	set := func(list ...string) map[string]bool {
		out := map[string]bool{}
		for _, v := range list {
			out[v] = true
		}
		return out
	}
	for _, tt := range []struct {
		value string
		by    []string
		want  float64
	}{
		{"a", []string{"a"}, 1},
		{"a", []string{"b"}, 0},
		{"file.txt", []string{"file{ext}", ".txt"}, 1},
		{"file.txt", []string{"file{ext}", ".md"}, 0},
		{"file", []string{"file{ext}"}, 1},
		{"file.5.txt", []string{"file.{i}{ext}", ".txt"}, 0}, // two gaps side by side cannot be told apart
		{"file.5-a", []string{"file.{i}-{ext}", "a"}, 1},
		{"no seat: b12", []string{"no seat: ${text}", "b12"}, 1},
		{"no seat: b12", []string{"no seat: ${text}", "b"}, 0},
		{"no seat: b12!", []string{"no seat: ${text}?", "b12"}, 0},
		{"other: b12", []string{"no seat: ${text}", "b12"}, 0},
		{"n 3 of x", []string{"n %d of %s", "x"}, 1},
	} {
		if got := Supplied(set(tt.value), set(tt.by...)); got != tt.want {
			t.Errorf("%s by %q: %v", tt.value, tt.by, got)
		}
	}
	if Supplied(nil, set("a")) != 0 || Supplied(set("a", "b"), set("a")) != 0.5 {
		t.Error("the part is not what is supplied")
	}
}

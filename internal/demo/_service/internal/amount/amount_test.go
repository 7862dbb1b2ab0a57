package amount

import "testing"

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int64
	}{
		{"0g", 0},
		{"250g", 250},
		{"1.5kg", 1500},
		{"0.25 kg", 250},
		{" 12 g ", 12},
		{"2.4g", 2},
		{"2.5g", 3},
		{"1000kg", Max},
	} {
		got, err := Parse(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("Parse(%q) = %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{"", "g", "12", "12lb", "-1g", "1.2.3kg", "NaNg", "1001kg", "one kg"} {
		if got, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", in, got)
		}
	}
}

func TestFormat(t *testing.T) {
	for grams, want := range map[int64]string{
		0: "0g", 999: "999g", 1000: "1kg", 1500: "1.5kg", 12034: "12.034kg", 20000: "20kg",
	} {
		if got := Format(grams); got != want {
			t.Errorf("Format(%d) = %q, want %q", grams, got, want)
		}
	}
}

package store

import "testing"

func TestSearch(t *testing.T) {
	s := New()
	for _, name := range []string{"Rice", "rice flour", "rye", "salt"} {
		if err := s.Put(Item{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		prefix string
		max    int
		want   []string
	}{
		{"ri", 10, []string{"Rice", "rice flour"}},
		{"RICE", 1, []string{"Rice"}},
		{"", 10, []string{"Rice", "rice flour", "rye", "salt"}},
		{"pepper", 10, nil},
		{"", 0, nil},
		{"", -1, nil},
	} {
		got := s.Search(tt.prefix, tt.max)
		if len(got) != len(tt.want) {
			t.Errorf("Search(%q, %d) = %v, want %v", tt.prefix, tt.max, got, tt.want)
			continue
		}
		for i, it := range got {
			if it.Name != tt.want[i] {
				t.Errorf("Search(%q, %d)[%d] = %q, want %q", tt.prefix, tt.max, i, it.Name, tt.want[i])
			}
		}
	}
}

package store

import "strings"

// Search gives the items whose name begins with prefix, ignoring case, by
// name, at most max of them.
func (s *Store) Search(prefix string, max int) []Item {
	prefix = strings.ToLower(prefix)
	var out []Item
	for _, it := range s.List() {
		if len(out) >= max {
			break
		}
		if strings.HasPrefix(strings.ToLower(it.Name), prefix) {
			out = append(out, it)
		}
	}
	return out
}

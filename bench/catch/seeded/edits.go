package seeded

import "slices"

// Edits gives every edit, mistakes and twins.
func Edits() []Edit {
	return slices.Concat(tamperGo())
}

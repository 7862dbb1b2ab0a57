package seeded

import "slices"

// Edits gives every edit, mistakes and twins.
func Edits() []Edit {
	return slices.Concat(tampering(), benignTests(), guards(), hardcoding(), secrets(), dependencies(), claims(), creeping(), harness())
}

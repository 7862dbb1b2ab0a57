package reader

import (
	"strings"

	"muster/internal/source/reader/golang"
	"muster/internal/source/treesitter"
)

// Version names everything that the facts of a file depend on besides its
// text: it is part of the version of every check that uses them.
func Version() string {
	parts := []string{revision, golang.Version()}
	for _, g := range []treesitter.Grammar{treesitter.Python, treesitter.JavaScript, treesitter.TypeScript, treesitter.TSX, treesitter.Java, treesitter.Rust} {
		parts = append(parts, g.Version())
	}
	return strings.Join(parts, ", ")
}

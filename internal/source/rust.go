package source

import "muster/internal/source/treesitter"

// rustFile reads the facts of a Rust file from its tree.
func rustFile(file *File, tree *treesitter.Tree) {
	file.Tests = rustTests(tree)
}

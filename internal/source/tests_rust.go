package source

import "muster/internal/source/treesitter"

// rustTests gives the tests of a Rust file.
func rustTests(_ *treesitter.Tree) []Test { return nil }

package source

import "muster/internal/source/treesitter"

// pythonTests gives the tests of a Python file.
func pythonTests(_ *treesitter.Tree) []Test { return nil }

package source

import "muster/internal/source/treesitter"

// javaTests gives the tests of a Java file.
func javaTests(_ *treesitter.Tree) []Test { return nil }

package source

import "muster/internal/source/treesitter"

// pythonFile reads the facts of a Python file from its tree.
func pythonFile(file *File, tree *treesitter.Tree) {
	file.Tests = pythonTests(tree)
}

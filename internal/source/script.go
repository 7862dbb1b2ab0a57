package source

import "muster/internal/source/treesitter"

// scriptFile reads the facts of a JavaScript or TypeScript file from its tree.
func scriptFile(file *File, tree *treesitter.Tree) {
	file.Tests = scriptTests(tree)
}

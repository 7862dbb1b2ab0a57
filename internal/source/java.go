package source

import "muster/internal/source/treesitter"

// javaFile reads the facts of a Java file from its tree.
func javaFile(file *File, tree *treesitter.Tree) {
	file.Tests = javaTests(tree)
}

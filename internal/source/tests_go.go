package source

import (
	"go/ast"
	"go/token"
)

// goTests gives the tests of a Go file.
func goTests(_ *token.FileSet, _ *ast.File) []Test { return nil }

package source

import (
	"path"
	"strings"
)

// LanguageOf gives the language of a file by its name.
func LanguageOf(name string) Language {
	switch strings.ToLower(path.Ext(name)) {
	case ".go":
		return Go
	case ".py", ".pyi":
		return Python
	case ".js", ".jsx", ".mjs", ".cjs":
		return JavaScript
	case ".ts", ".mts", ".cts":
		return TypeScript
	case ".tsx":
		return TSX
	case ".java":
		return Java
	case ".rs":
		return Rust
	}
	return Unknown
}

package reader

import (
	"bytes"
	"regexp"
	"sync"

	"muster/internal/source"
)

// generated matches what generators write at the top of a file: Go's "Code
// generated ... DO NOT EDIT." and the marks that other generators have.
var generated = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?mi)^\W{0,6}\s*(code generated .{0,200}do not edit|@generated\b|this file (is|was) (auto-?\s?)?generated|(auto-?\s?)generated (by|from|file)\b.{0,200})`)
})

// maxHeader is how much of a file is looked at for a mark of generated code.
const maxHeader = 2048

// saysGenerated asks the pattern, which is not compiled before it is needed,
// only of texts that have its one word.
func saysGenerated(text []byte) bool {
	text = text[:min(len(text), maxHeader)]
	return bytes.Contains(bytes.ToLower(text), []byte("generated")) && generated().Match(text)
}

// nameLiterals gives each literal the innermost function around it. Both lists
// are in the order of the file.
func nameLiterals(file *source.File) {
	var open []source.Function
	next := 0
	for i := range file.Literals {
		line := file.Literals[i].Line
		for ; next < len(file.Functions) && file.Functions[next].Start <= line; next++ {
			open = append(open, file.Functions[next])
		}
		for len(open) > 0 && open[len(open)-1].End < line {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			file.Literals[i].Function = open[len(open)-1].Name
		}
	}
}

package source

import (
	"bytes"
	"context"
)

// MaxBytes is the size of the largest file that is read. A larger one is
// Broken from its first line to its last and gives no facts.
const MaxBytes = 2 << 20

// revision is part of every Parser text. It rises when the same file may give
// other facts than before.
const revision = "facts 1"

// Parser reads source files. Its methods may be called from several
// goroutines. It keeps nothing of what it has read.
type Parser struct{}

// NewParser gives a parser.
func NewParser() *Parser { return &Parser{} }

// Close gives back what the parser holds.
func (p *Parser) Close() error { return nil }

// Parse reads one file. The path decides the language and is not opened. An
// error means that ctx ended or that a parser could not be started: never that
// the content is wrong.
func (p *Parser) Parse(ctx context.Context, path string, text []byte) (File, error) {
	lang := LanguageOf(path)
	file := File{Language: lang, Generated: saysGenerated(text)}
	if err := ctx.Err(); err != nil {
		return file, err
	}
	if len(text) > MaxBytes || bytes.IndexByte(text, 0) >= 0 {
		file.Broken = wholeOf(text)
		return file, nil
	}
	text = bytes.ToValidUTF8(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("?"))
	if lang == Go {
		goFile(&file, text)
	}
	return file, nil
}

// wholeOf gives the range of all lines of a text.
func wholeOf(text []byte) []Range {
	return []Range{{1, max(1, bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))+1)}}
}

package source

import "context"

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
func (p *Parser) Parse(_ context.Context, path string, _ []byte) (File, error) {
	return File{Language: LanguageOf(path)}, nil
}

package source

import (
	"bytes"
	"context"
	"errors"

	"muster/internal/source/treesitter"
)

// MaxBytes is the size of the largest file that is read. A larger one is
// Broken from its first line to its last and gives no facts.
const MaxBytes = 2 << 20

// revision is part of every Parser text. It rises when the same file may give
// other facts than before.
const revision = "facts 1"

// Parser reads source files. Its methods may be called from several
// goroutines. It keeps nothing of what it has read.
type Parser struct{ trees *treesitter.Parser }

// NewParser gives a parser. Compiled grammars are kept in cacheDir, which must
// be a folder of the user's own: it saves about 0.1 s of computing for each
// language. An empty cacheDir keeps nothing.
func NewParser(cacheDir string) *Parser { return &Parser{treesitter.New(cacheDir)} }

// Close gives back what the parser holds.
func (p *Parser) Close() error { return p.trees.Close() }

// Parse reads one file. The path decides the language and is not opened. An
// error means that ctx ended or that a parser could not be started: never that
// the content is wrong.
func (p *Parser) Parse(ctx context.Context, path string, text []byte) (File, error) {
	file := File{Language: LanguageOf(path), Generated: saysGenerated(text)}
	if err := ctx.Err(); err != nil {
		return file, err
	}
	if len(text) > MaxBytes || bytes.IndexByte(text, 0) >= 0 {
		file.Parser = revision
		file.Broken = wholeOf(text)
		return file, nil
	}
	text = bytes.ToValidUTF8(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("?"))
	if file.Language == Go {
		goFile(&file, text)
		return file, nil
	}
	grammar, facts, ok := grammarOf(file.Language)
	if !ok {
		return file, nil
	}
	file.Parser = grammar.Version() + ", " + revision
	tree, err := p.trees.Parse(ctx, grammar, text)
	if errors.Is(err, treesitter.ErrTooHard) {
		file.Broken = wholeOf(text)
		return file, nil
	}
	if err != nil {
		return file, err
	}
	file.Broken = brokenIn(tree)
	facts(&file, tree)
	nameLiterals(&file)
	return file, nil
}

// grammarOf gives the grammar of a language, and what reads its trees.
func grammarOf(lang Language) (treesitter.Grammar, func(*File, *treesitter.Tree), bool) {
	switch lang {
	case Python:
		return treesitter.Python, pythonFile, true
	case JavaScript:
		return treesitter.JavaScript, scriptFile, true
	case TypeScript:
		return treesitter.TypeScript, scriptFile, true
	case TSX:
		return treesitter.TSX, scriptFile, true
	case Java:
		return treesitter.Java, javaFile, true
	case Rust:
		return treesitter.Rust, rustFile, true
	case Unknown, Go:
	}
	return "", nil, false
}

// brokenIn gives the lines that a tree could not be made of.
func brokenIn(tree *treesitter.Tree) []Range {
	var out []Range
	for n := range tree.Root().Inside() {
		if n.IsBroken() {
			out = append(out, linesOf(n))
		}
	}
	return joined(out, wholeOf(tree.Text())[0].End)
}

// linesOf gives the lines of a node.
func linesOf(n treesitter.Node) Range {
	first, last := n.Lines()
	return Range{first, last}
}

// wholeOf gives the range of all lines of a text.
func wholeOf(text []byte) []Range {
	return []Range{{1, max(1, bytes.Count(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))+1)}}
}

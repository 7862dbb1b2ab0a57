package source

import "muster/internal/source/tokens"

// MaxBytes is the size of the largest file that is read. A larger one is
// Broken from its first line to its last and gives no facts.
const MaxBytes = 2 << 20

// Token is one token of a text; tokens.Word and so on are its kinds.
type Token = tokens.Token

// Tokens gives the tokens of a text in order, without comments, for comparing
// texts with each other. What is no code, and what is in an unknown language,
// gives tokens too. A text over MaxBytes gives none.
func Tokens(lang Language, text []byte) []Token {
	if len(text) > MaxBytes {
		return nil
	}
	return tokens.Split(string(lang), text)
}

package secrets

import (
	"hash/crc32"
	"math"
	"strings"
	"unicode"
)

// entropy is Shannon's, in bits for each byte.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	sum := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}

// classes counts the sorts of letters: small, large, digits, others.
func classes(s string) (n int, digits bool) {
	var small, large, digit, other bool
	for _, r := range s {
		switch {
		case unicode.IsLower(r):
			small = true
		case unicode.IsUpper(r):
			large = true
		case unicode.IsDigit(r):
			digit = true
		default:
			other = true
		}
	}
	for _, b := range []bool{small, large, digit, other} {
		if b {
			n++
		}
	}
	return n, digit
}

// isObvious is isPlaceholder for what has the form of a provider: chance puts
// many a short word into random letters.
func isObvious(s string) bool {
	lower := strings.ToLower(s)
	for _, w := range []string{"example", "placeholder", "xxxx", "your_", "your-", "yourkey", "yourtoken", "faketoken", "changeme", "redacted", "dummy", "<", "${", "{{", "****"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return isRepeated(s) || isSequence(s[strings.LastIndexAny(s[:len(s)/2], "_-")+1:])
}

// isPlaceholder reports whether a value stands for a secret instead of being
// one: it says so, it is filled in from elsewhere, or nobody would take it for
// random.
func isPlaceholder(s string) bool {
	lower := strings.ToLower(s)
	for _, w := range []string{
		"example", "changeme", "change-me", "change_me", "changethis", "placeholder", "dummy", "your-", "your_", "yourp", "yours", "yourt", "yoursecret", "yourkey",
		"xxxx", "****", "....", "____", "----", "foobar", "lorem", "redacted", "insert", "replace", "goes-here", "goes_here", "goeshere", "sample",
		"notasecret", "not-a-secret", "not_a_secret", "notreal", "fake", "mock", "abcdef", "abc123", "123456", "qwerty",
		"deadbeef", "cafebabe", "undefined", "process.env", "os.environ", "getenv", "env.", "env(", "secrets.", "vault", "config.", "settings.",
		"<", "${", "{{", "$(", "#{", "%(", "%s", "{}", "enc[", "!ref", "…",
	} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	if strings.HasPrefix(s, "$") && !strings.HasPrefix(s, "$2") && isName(strings.Trim(s, "${}")) || strings.HasPrefix(s, "%") && strings.HasSuffix(s, "%") ||
		strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return true
	}
	return isRepeated(s) || isSequence(s)
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// isRepeated: few different letters, or one part over and over.
func isRepeated(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	if len(seen) <= 3 || len(s) >= 16 && len(seen) <= 5 {
		return true
	}
	for n := 1; n <= min(len(s)/3, 64); n++ {
		if strings.Repeat(s[:n], len(s)/n+1)[:len(s)] == s {
			return true
		}
	}
	return false
}

// isSequence: most letters follow the one before in the alphabet, or count.
func isSequence(s string) bool {
	steps := 0
	for i := 1; i < len(s); i++ {
		if d := int(s[i]) - int(s[i-1]); d == 1 || d == -1 || s[i] == '0' && s[i-1] == '9' {
			steps++
		}
	}
	return len(s) >= 6 && steps*10 >= (len(s)-1)*6
}

// isWords reports whether a value is made of words, as names, labels and paths
// are, and not of random letters.
func isWords(s string) bool {
	if strings.ContainsAny(s, " \t/\\,;()") && !isBase64(s) {
		return true
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '_' || r == '-' || r == ':' || r == '|' })
	for _, p := range parts {
		small := strings.TrimFunc(p, func(r rune) bool { return unicode.IsDigit(r) })
		if len(p) != len(small) && len(p)-len(small) > 1 || !isWord(small) {
			return false
		}
	}
	return true
}

// isWord: small letters, large letters, or capitalised words in a row; with as
// many vowels as a language has.
func isWord(s string) bool {
	vowels, humps := 0, 0
	for i, r := range s {
		if !unicode.IsLetter(r) {
			return false
		}
		if strings.ContainsRune("aeiouyAEIOUY", r) {
			vowels++
		}
		if i > 0 && unicode.IsUpper(r) {
			humps++
		}
	}
	if s == strings.ToUpper(s) {
		humps = 0
	}
	return len(s) <= 2 || len(s) < 24 && (vowels*6 >= len(s) || len(s) < 6) && humps*3 <= len(s)
}

func isBase64(s string) bool {
	if len(s) < 20 {
		return false
	}
	_, digits := classes(s)
	return digits && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '+' && r != '/' && r != '=' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) && strings.Count(s, "/") <= 1+len(s)/16
}

func isHex(s string) bool {
	return len(s) >= 8 && !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F') })
}

// isUUID: 8-4-4-4-12.
func isUUID(s string) bool {
	parts := strings.Split(s, "-")
	return len(s) == 36 && len(parts) == 5 && isHex(strings.ReplaceAll(s, "-", "")) && len(parts[0]) == 8
}

// hasChecksum reports whether a token carries the checksum that its provider
// puts at its end: the CRC-32 of the rest in six letters of base 62, as the
// tokens of GitHub and npm have it (GitHub's blog, "Behind GitHub's new
// authentication token formats", 2021). Such a token was issued.
func hasChecksum(s string) bool {
	prefix, rest, ok := strings.Cut(s, "_")
	switch prefix {
	case "ghp", "gho", "ghu", "ghs", "ghr", "npm":
	default:
		return false
	}
	if !ok || len(rest) != 36 {
		return false
	}
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(rest[:30]))
	want := make([]byte, 6)
	for i := len(want) - 1; i >= 0; i-- {
		want[i] = digits[sum%62]
		sum /= 62
	}
	return rest[30:] == string(want)
}

package yamlfile

// maxWord is how long a word may be, in bytes, to be compared with others.
const maxWord = 64

// maxHints bounds the comparisons made for one file, so that a hostile one
// with many unknown words costs little. Later words get no hint.
const maxHints = 1_000_000

// DidYouMean gives the hint that names the known word nearest to word, or "".
func (f *File) DidYouMean(word string, known []string) string {
	if f.hints += len(known); f.hints > maxHints {
		return ""
	}
	if near := Nearest(word, known); near != "" {
		return "did you mean " + Quote(near) + "?"
	}
	return ""
}

// Nearest gives the known word that is the fewest edits away from word, the
// first of equals, or "" when none is near enough to be meant. An edit adds,
// removes or replaces a byte, or swaps two neighbours.
func Nearest(word string, known []string) string {
	if word == "" || len(word) > maxWord {
		return ""
	}
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if k == word || len(k) > maxWord || abs(len(k)-len(word)) >= least {
			continue
		}
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the optimal string alignment distance.
func distance(a, b string) int {
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

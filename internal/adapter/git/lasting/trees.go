package lasting

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// Trees asks git diff-tree --stdin -z --raw --numstat, which compares.
type Trees struct{ *Process }

// endMark is a line that Git repeats, and that is no part of an answer: ids
// come before it. It is flushed with what was answered before.
const endMark = "end of answer\n"

// Compare gives what differs between two trees, in the raw format and then
// with the numbers of lines, as git diff-tree prints it with -z.
func (t Trees) Compare(ctx context.Context, base, head string) (string, error) {
	var answer strings.Builder
	err := t.ask(ctx, base+" "+head+"\n"+endMark, func(out *bufio.Reader) error {
		line, err := out.ReadString('\n')
		if err != nil {
			return err
		}
		if line != base+" "+head+"\n" {
			return fmt.Errorf("diff-tree answers %q", line) // it cannot read one of them
		}
		return readComparison(out, &answer)
	})
	if err != nil {
		return "", err
	}
	return answer.String(), nil
}

// readComparison copies an answer, whose file names may hold any byte but NUL,
// without the mark at its end.
func readComparison(out *bufio.Reader, answer *strings.Builder) error {
	paths := 0 // of the lines with numbers that are to come
	for {
		begin, err := out.Peek(1)
		if err != nil {
			return err
		}
		if begin[0] != ':' {
			break
		}
		about, err := copyField(out, answer)
		if err != nil {
			return err
		}
		names := 1
		if i := strings.LastIndexByte(about, ' '); i >= 0 && (strings.HasPrefix(about[i:], " R") || strings.HasPrefix(about[i:], " C")) {
			names = 2
		}
		for range names {
			if _, err := copyField(out, answer); err != nil {
				return err
			}
		}
		paths++
	}
	for range paths {
		numbers, err := copyField(out, answer)
		if err != nil {
			return err
		}
		if w := strings.SplitN(numbers, "\t", 3); len(w) == 3 && w[2] == "" { // both names follow
			for range 2 {
				if _, err := copyField(out, answer); err != nil {
					return err
				}
			}
		}
	}
	end := make([]byte, len(endMark))
	if _, err := io.ReadFull(out, end); err != nil {
		return err
	}
	if string(end) != endMark {
		return fmt.Errorf("diff-tree goes on with %q", end)
	}
	return nil
}

// copyField copies up to the next NUL, and gives what came before it.
func copyField(out *bufio.Reader, answer *strings.Builder) (string, error) {
	s, err := out.ReadString(0)
	answer.WriteString(s)
	return strings.TrimSuffix(s, "\x00"), err
}

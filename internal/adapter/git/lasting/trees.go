package lasting

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Trees asks git diff-tree --stdin, which compares: with -z --raw --numstat for
// Compare, with -p for Lines.
type Trees struct{ *Process }

// endMark is a line that Git repeats, and that is no part of an answer: ids
// come before it. It is flushed with what was answered before.
const endMark = "end of answer\n"

// Compare gives what differs between two trees, in the raw format and then
// with the numbers of lines, as git diff-tree prints it with -z.
func (t Trees) Compare(ctx context.Context, base, head string) (string, error) {
	var answer strings.Builder
	err := t.about(ctx, base, head, func(out *bufio.Reader) error { return readComparison(out, &answer) })
	if err != nil {
		return "", err
	}
	return answer.String(), nil
}

// Lines gives what differs between two trees as a patch. Every line of a patch
// begins with a word of Git or a sign, so none is taken for the mark.
func (t Trees) Lines(ctx context.Context, base, head string) ([]byte, error) {
	var answer []byte
	err := t.about(ctx, base, head, func(out *bufio.Reader) error {
		for begin := 0; ; {
			part, err := out.ReadSlice('\n')
			answer = append(answer, part...)
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				continue // the line goes on
			case err != nil:
				return err
			case string(answer[begin:]) == endMark:
				answer = answer[:begin]
				return nil
			}
			begin = len(answer)
		}
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// about asks for a comparison and lets read take the answer after its heading.
func (t Trees) about(ctx context.Context, base, head string, read func(*bufio.Reader) error) error {
	heading := base + " " + head + "\n"
	return t.ask(ctx, heading+endMark, func(out *bufio.Reader) error {
		line, err := out.ReadString('\n')
		if err != nil {
			return err
		}
		if line != heading {
			return fmt.Errorf("diff-tree answers %q", line) // it cannot read one of them
		}
		return read(out)
	})
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

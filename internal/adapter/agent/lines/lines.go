// Package lines reads what agents print, line by line, in bounded memory.
package lines

import (
	"bufio"
	"errors"
	"io"
)

// Max is how many bytes of one line are looked at. A longer line is
// skipped and noted: half an event says nothing that can be relied on.
const Max = 1 << 20

// Each calls line for every line of r without its line feed, also for a
// last line that lacks one, and long with the size of every line that was
// skipped for its length. The slice is valid only during the call. Memory is
// bounded by Max. The end of r is not an error.
func Each(r io.Reader, line func([]byte), long func(size int64)) error {
	br := bufio.NewReaderSize(r, 64<<10)
	var buf []byte
	var size int64
	flush := func() {
		switch {
		case size > Max:
			long(size)
		case size > 0:
			line(buf)
		}
		buf, size = buf[:0], 0
	}
	for {
		part, err := br.ReadSlice('\n')
		ended := err == nil
		if ended {
			part = part[:len(part)-1]
		}
		size += int64(len(part))
		if size <= Max {
			buf = append(buf, part...)
		}
		switch {
		case ended:
			flush()
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			flush()
			return nil
		default:
			return err
		}
	}
}

// Tail gives the last bytes of r, at most so many.
func Tail(r io.Reader, most int) (string, error) {
	var tail []byte
	chunk := make([]byte, 32<<10)
	for {
		n, err := r.Read(chunk)
		tail = append(tail, chunk[:n]...)
		if len(tail) > most {
			tail = append(tail[:0], tail[len(tail)-most:]...)
		}
		if errors.Is(err, io.EOF) {
			return string(tail), nil
		}
		if err != nil {
			return string(tail), err
		}
	}
}

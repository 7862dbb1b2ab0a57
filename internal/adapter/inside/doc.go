// Package inside holds the programs of Muster's own that run inside an
// operation, between the shim and an agent: a scripted agent, and what some
// agents need so that all that is known of an attempt stands in the stream
// that it prints. They outlive Muster as agents do, and they print the lines
// that job.AgentLine describes.
package inside

import (
	"fmt"
	"io"
)

// Streams are the standard streams of a program.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// tell writes a line for a person. When nobody reads it there is nobody to
// tell.
func tell(w io.Writer, words ...any) { _, _ = fmt.Fprintln(w, words...) }

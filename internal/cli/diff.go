package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/cli/unit"
)

type diffOptions struct{ stat bool }

func newDiff(c *cli) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff TASK",
		Short: "Show the latest change of a task as a patch",
		Args:  between(1, 1, "the task"),
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	cmd.Flags().BoolVar(&o.stat, "stat", false, "only name the files and count their lines")
	return cmd
}

func (o diffOptions) run(c *cli, name string) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer s.Close()
	ref, err := s.FindTask(c.ctx, name)
	if err != nil {
		return err
	}
	r, err := s.Report(c.ctx, ref.Run.ID)
	if err != nil {
		return err
	}
	t := r.Task(ref.Task)
	if !o.stat && !c.isJSON {
		if !c.out.isTerminal {
			return s.Patch(c.ctx, t, c.out.w) // as it is, so that it can be applied
		}
		w := &patchWriter{p: c.out}
		defer w.flush()
		return s.Patch(c.ctx, t, w)
	}
	ch, err := s.Changed(c.ctx, t)
	if err != nil {
		return err
	}
	if c.isJSON {
		c.out.json(ch)
		return nil
	}
	for _, f := range ch.Files {
		text := fmt.Sprintf("+%d -%d", f.Added, f.Deleted)
		if f.IsBinary {
			text = "binary"
		}
		c.out.f("%-8s %s  %s\n", f.Status, f.Path, text)
	}
	added, deleted := ch.Lines()
	c.out.f("%s, +%d -%d\n", unit.Plural(len(ch.Files), "file"), added, deleted)
	return nil
}

// patchWriter shows a patch on a terminal: cleaned line by line, and then
// coloured. Colours that the patched files hold could hide what they say.
type patchWriter struct {
	p    *printer
	rest []byte
}

func (w *patchWriter) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return len(b), nil
		}
		w.line(string(w.rest[:i]))
		w.rest = w.rest[i+1:]
	}
}

func (w *patchWriter) flush() {
	if len(w.rest) > 0 {
		w.line(string(w.rest))
		w.rest = nil
	}
}

func (w *patchWriter) line(text string) {
	color := Color("")
	switch {
	case strings.HasPrefix(text, "diff --git "), strings.HasPrefix(text, "+++ "), strings.HasPrefix(text, "--- "):
		color = bold
	case strings.HasPrefix(text, "@@ "):
		color = cyan
	case strings.HasPrefix(text, "+"):
		color = green
	case strings.HasPrefix(text, "-"):
		color = red
	}
	w.p.f("%s\n", w.p.paint(color, text))
}

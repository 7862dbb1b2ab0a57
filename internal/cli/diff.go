package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/app"
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
			return s.Patch(c.ctx, t, c.out.w, app.NoColors)
		}
		colors := app.NoColors
		if c.out.colors {
			colors = app.WithColors
		}
		w := &terminalWriter{w: c.out.w}
		defer w.flush()
		return s.Patch(c.ctx, t, w, colors)
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
	c.out.f("%s, +%d -%d\n", plural(len(ch.Files), "file"), added, deleted)
	return nil
}

// terminalWriter passes lines on to a terminal without the control characters
// that the patched files hold. Git's own colour sequences stay: they are the
// only ones of the form ESC [ digits m that a patch may show.
type terminalWriter struct {
	w    io.Writer
	rest []byte
}

func (t *terminalWriter) Write(p []byte) (int, error) {
	t.rest = append(t.rest, p...)
	for {
		i := bytes.IndexByte(t.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		if _, err := io.WriteString(t.w, cleanPatch(string(t.rest[:i]))+"\n"); err != nil {
			return 0, err
		}
		t.rest = t.rest[i+1:]
	}
}

func (t *terminalWriter) flush() {
	if len(t.rest) > 0 {
		_, _ = io.WriteString(t.w, cleanPatch(string(t.rest)))
		t.rest = nil
	}
}

// cleanPatch cleans a line but for colours.
func cleanPatch(s string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "\x1b[")
		b.WriteString(clean(before))
		if !ok {
			return b.String()
		}
		n := strings.IndexFunc(after, func(r rune) bool { return (r < '0' || r > '9') && r != ';' })
		if n >= 0 && after[n] == 'm' {
			b.WriteString("\x1b[" + after[:n+1])
			after = after[n+1:]
		}
		s = after
	}
}

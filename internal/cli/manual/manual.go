// Package manual writes the manual pages of the command line.
package manual

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/internal/core/fault"
)

// Write writes the page of a command, and those of all below it, into a folder
// that is made when it is not there. Each page is a file NAME.1. Cobra
// can do the same by way of Markdown; the reader of it would be in every process
// of Muster, where it took 0.4 ms and 0.2 MB.
func Write(cmd *cobra.Command, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fault.Wrap(fault.Invalid, err, "write manual pages")
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			if err := Write(c, folder); err != nil {
				return err
			}
		}
	}
	cmd.InitDefaultHelpFlag()
	file := filepath.Join(folder, name(cmd)+".1")
	return fault.Wrap(fault.Internal, os.WriteFile(file, []byte(page(cmd)), 0o644), "write manual page %s", file)
}

func name(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// page gives the page of a command in the macros of man(7).
func page(cmd *cobra.Command) string {
	var b strings.Builder
	own := name(cmd)
	fmt.Fprintf(&b, ".TH %q \"1\" \"\" \"muster\" \"\"\n", strings.ToUpper(own))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(own), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(cmd.UseLine()))
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", roff(about))
	writeFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	writeFlags(&b, "OPTIONS OF EVERY COMMAND", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(cmd.Example))
	}
	var others []string
	if cmd.HasParent() {
		others = append(others, name(cmd.Parent()))
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			others = append(others, name(c))
		}
	}
	if len(others) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, other := range others {
			end := ","
			if i == len(others)-1 {
				end = ""
			}
			fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(other), end)
		}
	}
	return b.String()
}

func writeFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		short := ""
		if f.Shorthand != "" {
			short = `\fB` + roff("-"+f.Shorthand) + `\fP, `
		}
		if value != "" {
			value = ` \fI` + roff(value) + `\fP`
		}
		fmt.Fprintf(b, ".TP\n%s\\fB%s\\fP%s\n%s\n", short, roff("--"+f.Name), value, roff(usage))
	})
}

// roff gives a text in which nothing is a request or an escape of roff.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

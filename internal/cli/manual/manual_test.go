package manual

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestManual(t *testing.T) {
	root := &cobra.Command{Use: "muster", Short: "Directs agents"}
	root.PersistentFlags().Bool("json", false, "print JSON")
	sub := &cobra.Command{
		Use: "show [TASK]", Short: `Show a task - or C:\x`, Long: ".muster/ is read\n'quoted' text", Example: "  muster show a",
		Run: func(*cobra.Command, []string) {},
	}
	sub.Flags().StringP("round", "r", "", "the `NUMBER` of a round")
	sub.Flags().String("secret", "", "hidden")
	if err := sub.Flags().MarkHidden("secret"); err != nil {
		t.Fatal(err)
	}
	root.AddCommand(sub, &cobra.Command{Use: "man", Hidden: true, Run: func(*cobra.Command, []string) {}})

	want := `.TH "MUSTER-SHOW" "1" "" "muster" ""
.SH NAME
muster\-show \- Show a task \- or C:\ex
.SH SYNOPSIS
.B muster show [TASK] [flags]
.SH DESCRIPTION
.nf
\&.muster/ is read
\&'quoted' text
.fi
.SH OPTIONS
.TP
\fB\-r\fP, \fB\-\-round\fP \fINUMBER\fP
the NUMBER of a round
.SH OPTIONS OF EVERY COMMAND
.TP
\fB\-\-json\fP
print JSON
.SH EXAMPLES
.nf
  muster show a
.fi
.SH SEE ALSO
.BR muster (1)
`
	if got := page(sub); got != want {
		t.Errorf("the page is\n%s\nand should be\n%s", got, want)
	}
	top := page(root)
	if !strings.HasSuffix(top, ".SH SEE ALSO\n.BR muster\\-show (1)\n") {
		t.Errorf("the page of the program is\n%s", top)
	}
}

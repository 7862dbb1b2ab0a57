package cli

import (
	"fmt"
	"strings"

	"muster/internal/app"
	"muster/internal/core/fault"
	"muster/internal/core/report"
)

// The exit codes. There are no others.
const (
	exitDone        = 0
	exitInternal    = 1
	exitUsage       = 2
	exitPerson      = 10
	exitRejected    = 20
	exitBudget      = 30
	exitInterrupted = 130
)

// exitCode is a row of the table that --help prints.
type exitCode struct {
	code int
	what string
}

func exitTable() []exitCode {
	return []exitCode{
		{exitDone, "done, landed, or what was asked for has been carried out"},
		{exitInternal, "internal failure; a ledger that is not whole; an attestation that could not be checked"},
		{exitUsage, "wrong usage or input; nothing was begun"},
		{exitPerson, "needs a person: a review, a failed task, or a run that is paused or stopped"},
		{exitRejected, "some task was rejected, and nothing waits for a person; an attestation is refuted"},
		{exitBudget, "paused: the budget or the agent's quota is used up"},
		{exitInterrupted, "interrupted by a signal"},
	}
}

func exitHelp() string {
	var b strings.Builder
	for _, e := range exitTable() {
		fmt.Fprintf(&b, "  %3d  %s\n", e.code, e.what)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// codeOfError gives the exit code of an error.
func codeOfError(err error) int {
	switch fault.KindOf(err) {
	case "":
		return exitDone
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Refused:
		return exitUsage
	case fault.Transient, fault.Internal:
	}
	return exitInternal
}

// codeOfRun gives the exit code of how a run stands.
func codeOfRun(end report.End) int {
	switch end {
	case report.EndDone, report.EndGoing:
		return exitDone
	case report.EndAsking, report.EndStopped:
		return exitPerson
	case report.EndRejected:
		return exitRejected
	case report.EndBudget:
		return exitBudget
	case report.EndFailed:
		return exitUsage
	}
	return exitInternal
}

// codeOfCarried gives the exit code of a command that carried a run on.
func codeOfCarried(c app.Carried) int {
	switch c.Reason {
	case app.ByStop, app.ByAbandon:
		return exitInterrupted
	case app.ToOther:
		return exitDone
	case app.AtRest, app.ByEnough:
	}
	return codeOfRun(c.Run.End())
}

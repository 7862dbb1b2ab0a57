package flow

// setUpFailed pauses the run: every worktree is set up with the same commands,
// and no agent is to blame. The task goes on when the run is resumed.
func (s *taskStep) setUpFailed(d SetUpFailed) {
	s.t.Halting = false
	// Told before the slot is given back, so that no other task gets it.
	s.tell(s.run(), PauseRequested{
		Reason: ForSetUp, Why: s.id() + ": " + d.Text(),
		Hint: "mend it, then: muster resume " + s.t.begun.Name + " (what the command said: muster log " + s.t.begun.Name + " --json)",
	})
	s.settle(Halted, IsHalted, "its worktree could not be set up")
}

// Awaits reports whether the task waits for the answer of a command. A wait for
// a provider or for a quota need not come to its end once it does not: nothing
// outside follows from it.
func (t Task) Awaits(op string) bool { return t.Pending == op }

// Needless names the command under way that need not come to its end, as the
// task stops with its run: its worktree is being set up. It is empty when there
// is none. A person who takes the task over waits for the worktree.
func (t Task) Needless() string {
	if t.Phase == Preparing && t.Halting && !t.Hand.Taking {
		return t.Pending
	}
	return ""
}

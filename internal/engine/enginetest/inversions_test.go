package enginetest

// inversion is one condition of a machine and a wrong one in its place.
type inversion struct {
	rule string // what the condition is for, as the page says it
	file string // in internal/core/flow
	old  string // occurs exactly once in the file
	new  string
}

func inversions() []inversion {
	var out []inversion
	for _, f := range []struct {
		file string
		list [][3]string
	}{
		{"task.go", ofTask()},
		{"budget.go", ofBudget()},
		{"task_message.go", ofTaskMessages()},
		{"queue.go", ofQueue()},
		{"run.go", ofRun()},
		{"tests.go", ofTests()},
		{"hand.go", ofHand()},
		{"task.go", ofHandInTask()},
	} {
		for _, v := range f.list {
			out = append(out, inversion{rule: v[0], file: f.file, old: v[1], new: v[2]})
		}
	}
	return out
}

func ofTask() [][3]string {
	return [][3]string{
		{"an attempt gets the time that is left", "max(limit-s.t.TimeUS/1000, 1)", "limit"},
		{"a task hears only the answer it waits for", `ok || e.Op != s.t.Pending || e.Op == ""`, "ok"},
		{"ten attempts may be lost in a row", "s.t.Lost >= maxLost", "s.t.Lost > maxLost"},
		{"three attempts may crash in a row", "s.t.Troubles++\n\t\ts.cutShort(d, halting, s.t.Troubles >= maxTroubles)", "s.t.Troubles++\n\t\ts.cutShort(d, halting, s.t.Troubles > maxTroubles)"},
		{"an attempt that is not lost ends the row of lost ones", "if o.Kind != job.Vanished {", "if o.Kind != job.Vanished && o.Kind != job.Done {"},
		{"a session that the agent no longer knows is forgotten", `if o.Session != "" || isForgotten {`, `if o.Session != "" || false && isForgotten {`},
		{"an attempt that is done ends the row of troubles", "s.t.Troubles = 0\n", "\n"},
		{"a task that is to stop does not go on after a crash", "case halting:\n\t\ts.settle", "case false:\n\t\ts.settle"},
		{"an attempt that the run's budget ended pauses the run", "if ofRun { // told", "if false { // told"},
		{"only a failed provider is waited for", "case d.Outcome.Kind == job.Provider:", "case d.Outcome.Kind != job.Provider:"},
		{"what the agent was told survives an interruption", `s.t.Feedback.Reason == "" && s.t.Session != ""`, `s.t.Session != ""`},
		{"without a session there is nothing to go on with", `s.t.Feedback.Reason == "" && s.t.Session != ""`, `s.t.Feedback.Reason == ""`},
		{"the session is kept for the next attempt", "s.t.Session, s.t.Total = o.Session, o.Total", "s.t.Total = o.Total"},
		{"a task's verdict is about its head", "d.Verdict.HeadTree == s.t.Head.Tree && ", ""},
		{"a task's verdict is about its base", " && d.Verdict.BaseTree == s.t.Base.Tree", ""},
		{"two people decide where the verdict says so", "case policy.Auto, policy.Audit:\n\t\ts.enqueue()\n\tcase policy.Review, policy.Two:", "case policy.Auto, policy.Audit, policy.Two:\n\t\ts.enqueue()\n\tcase policy.Review:"},
		{"a person decides where the verdict says so", "case policy.Auto, policy.Audit:\n\t\ts.enqueue()\n\tcase policy.Review, policy.Two:", "case policy.Auto, policy.Audit, policy.Review:\n\t\ts.enqueue()\n\tcase policy.Two:"},
		{"a repetition has findings", "len(v.Open) > 0 && slices.Equal(v.Open, s.t.Seen)", "slices.Equal(v.Open, s.t.Seen)"},
		{"a round that repeats the findings is the last", "len(v.Open) > 0 && slices.Equal(v.Open, s.t.Seen)", "len(v.Open) > 9 && slices.Equal(v.Open, s.t.Seen)"},
		{"rounds are bounded", "s.t.Round >= s.t.begun.Rounds", "s.t.Round > s.t.begun.Rounds"},
		{"a retry begins with what was found last", "s.t.Seen, s.t.Feedback = v.Open, f", "s.t.Seen = v.Open; if why == \"\" { s.t.Feedback = f }"},
		{"a worktree is made after the former was given back", `if s.t.Release != "" {`, "if false {"},
		{"a worktree that waited for a release is made", `if s.t.Phase == Preparing && s.t.Pending == "" {`, "if false {"},
		{"a release wakes only what waits for it", `if s.t.Phase == Preparing && s.t.Pending == "" {`, `if s.t.Pending == "" {`},
		{"a task that is to stop does not start its agent", "if s.t.Halting {", "if false {"},
		{"the agent goes on from its own change", "tree = s.t.Head.Tree", "tree = \"\""},
		{"approvals are of one verdict", "s.t.Verdict, s.t.Merged, s.t.Approvers = d.Verdict, false, nil", "s.t.Verdict, s.t.Merged = d.Verdict, false"},
		{"a slot is given back once", "if s.t.Slot {\n\t\ts.t.Slot = false", "if true {\n\t\ts.t.Slot = false"},
	}
}

func ofBudget() [][3]string {
	return [][3]string{
		{"a task stops at its budget of money", "t.Spent.CostMicroUSD >= t.MicroUSD", "t.Spent.CostMicroUSD > t.MicroUSD"},
		{"a task stops at its budget of time", "t.TimeUS/1000 >= t.LimitMS", "t.TimeUS/1000 > t.LimitMS"},
		{"a task stops at its budget of tokens", "t.Spent.Tokens() >= tokens", "t.Spent.Tokens() > tokens"},
		{"a task stops at its budget of turns", "t.Spent.Turns >= turns", "t.Spent.Turns > turns"},
		{"nothing starts at the budget", "left < 0 || left == 0 && own == 0", "left < 0"},
		{"a reservation may use the budget up", "left < 0 || left == 0 && own == 0", "left <= 0"},
		{"agents under way hold their reservation", "if Mark(m) == markHolding || j == i {", "if Mark(m) == markWaiting && j == i || Mark(m) == markWanting && j == i {"},
		{"what starts makes a reservation", "if Mark(m) == markHolding || j == i {", "if Mark(m) == markHolding {"},
		{"what was used shrinks the reservation", "if s.r.Used != nil {", "if false {"},
		{"a run without a limit has none", "limit > 0 && (", "("},
		{"a run stops at its budget of turns", "case full(l.Turns, left.Turns, own.Turns):", "case false:"},
		{"what a task has used of its turns is no longer reserved for it", "max(r.Turns-u.Turns, 0)", "r.Turns"},
		{"turns are reserved", "left.Turns -= r.Turns", "left.Turns -= 0"},
		{"a person's budget of turns comes before the plan's", "cmp.Or(t.Turns, t.begun.Node.Turns)", "cmp.Or(t.begun.Node.Turns, t.Turns)"},
	}
}

func ofHand() [][3]string {
	return [][3]string{
		{"messages that wait are bounded", "len(s.t.Hand.Messages) < maxMessages", "true"},
		{"a message says something", `d.Text != "" && `, ""},
		{"a message alone ends no attempt", "if d.Now && s.t.Phase == Working", "if s.t.Phase == Working"},
		{"a nudge ends only an attempt", "if d.Now && s.t.Phase == Working", "if d.Now"},
		{"an agent that stops with the run is not nudged", "&& !s.t.Halting && !s.t.Hand.Nudged", "&& !s.t.Hand.Nudged"},
		{"an attempt is ended once", "!s.t.Hand.Nudged && !s.t.Hand.Taking {", "!s.t.Hand.Taking {"},
		{"an agent that makes way is not nudged", "!s.t.Hand.Nudged && !s.t.Hand.Taking {", "!s.t.Hand.Nudged {"},
		{"a message is told once", "h.Messages = nil", "_ = h"},
		{"a message does not replace what is told anyway", `if f.Reason == "" {`, "if true {"},
		{"a message is told with what is told anyway", `strings.TrimPrefix(f.Text+"\n\n"+`, `strings.TrimPrefix(`},
		{"who made it stays known when an agent goes on", `h.Person, h.With = "", h.Person`, `h.Person = ""`},
		{"an agent makes way once", "if !s.t.Hand.Taking {\n\t\t\ts.t.Hand.Taking = true", "if true {\n\t\t\ts.t.Hand.Taking = true"},
		{"a takeover does not wait for a release", `if s.t.Pending == "" { // waits for a release only`, "if false {"},
		{"a takeover keeps what the worktree holds", `if s.t.Dir == "" {`, "if true {"},
		{"work is taken in only from whom has the task", "if s.t.Phase != Taken {", "if false {"},
		{"submitted work is judged", "if d.As == Submitted {", "if false {"},
		{"work that is given back is not judged", "if d.As == Submitted {", "if true {"},
	}
}

func ofHandInTask() [][3]string {
	return [][3]string{
		{"a takeover comes before the checks", "if s.t.Hand.Taking {\n\t\t\ts.taken()", "if false {\n\t\t\ts.taken()"},
		{"a takeover comes before the agent", "if s.t.Hand.Taking {\n\t\ts.t.Halting = false", "if false {\n\t\ts.t.Halting = false"},
		{"a takeover comes before what follows from an attempt", "if s.t.Hand.Taking {\n\t\ts.freeSlot(o.Usage", "if false {\n\t\ts.freeSlot(o.Usage"},
		{"a takeover comes before what follows from a verdict", "if s.t.Hand.Taking {\n\t\ts.take()", "if false {\n\t\ts.take()"},
		{"a takeover that failed is over", `s.t.Pending, s.t.Hand.Taking = p, why, "", false`, `s.t.Pending = p, why, ""`},
		{"a message is told before anything is captured", `len(s.t.Hand.Messages) == 0 || s.t.overBudget() != ""`, "true"},
		{"nothing more is told at the budget", `len(s.t.Hand.Messages) == 0 || s.t.overBudget() != ""`, "len(s.t.Hand.Messages) == 0"},
		{"what was told is not told again after a message", "s.t.Feedback = Feedback{}\n\t\t\ts.want()", "s.want()"},
		{"a message waits for the run", "case halting:\n\t\t\ts.t.Feedback", "case false:\n\t\t\ts.t.Feedback"},
		{"a nudged session goes on", "halting || !nudged", "nudged || true"},
		{"a nudged session of a stopped run does not go on", "halting || !nudged", "!nudged"},
		{"an agent that stopped by no wish stays stopped", "halting || !nudged", "halting || nudged && false"},
		{"a person's work goes back to the person", `if s.t.Hand.Person != "" { // it is`, "if false { // it is"},
		{"work that no agent has touched yet keeps its author", `if with == "" {`, "if false {"},
	}
}

func ofTaskMessages() [][3]string {
	return [][3]string{
		{"an approval is of the judged tree", "s.t.Phase != Asking || d.Tree != s.t.Verdict.HeadTree", "s.t.Phase != Asking"},
		{"an approval counts while a person is asked", "s.t.Phase != Asking || d.Tree != s.t.Verdict.HeadTree", "d.Tree != s.t.Verdict.HeadTree"},
		{"two are two different people", "if !slices.Contains(s.t.Approvers, actor) {", "if true {"},
		{"two are not one", "len(s.t.Approvers) < 2", "len(s.t.Approvers) < 1"},
		{"what a person accepted is told to the queue", "append(slices.Clone(s.t.Accepted), s.t.Verdict.Open...)", "s.t.Accepted"},
		{"only a queued change lands", "if s.t.Phase == Queued {", "if s.t.Phase != Landed {"},
		{"only a queued change comes back", "if s.t.Phase != Queued {", "if false {"},
		{"approvals do not outlive a merge", "s.t.Base, s.t.Tree, s.t.Approvers = d.Base, d.Tree, nil", "s.t.Base, s.t.Tree = d.Base, d.Tree"},
		{"a conflict is mended on the run's head", "s.t.Base, s.t.Tree, s.t.Approvers = d.Base, d.Tree, nil", "s.t.Tree, s.t.Approvers = d.Tree, nil"},
		{"leave that is given twice is used once", "if s.t.Slot {\n\t\treturn", "if false {\n\t\treturn"},
		{"leave is used by who wants it", "if s.t.Phase != Ready && s.t.Phase != Halted {", "if false {"},
		{"a task that goes on with its run stops at its budget", `if why := s.t.overBudget(); why != "" { // what`, `if why := ""; why != "" { // what`},
		{"a stopped task uses the leave that resuming gives", "if s.t.Phase != Ready && s.t.Phase != Halted {", "if s.t.Phase != Ready {"},
		{"a text goes to the agent, whatever failed before", `if d.Text == "" && !d.Fresh {`, "if !d.Fresh {"},
		{"starting afresh repeats nothing", `if d.Text == "" && !d.Fresh {`, `if d.Text == "" {`},
		{"a person raises the task's budget of turns", "given(d.Turns, s.t.Turns)", "s.t.Turns"},
		{"a retry counts rounds anew", "s.t.Round, s.t.Seen, s.t.Lost", "_, s.t.Seen, s.t.Lost"},
		{"a fresh start forgets the session", `s.t.Session, s.t.Total = "", job.Usage{}`, "s.t.Total = job.Usage{}"},
		{"a worktree that is captured is not given back", "if s.t.Phase != Capturing && s.t.Phase != Preparing {", "if true {"},
		{"an agent that waits for a release is stopped", `if s.t.Pending == "" { // waits`, "if false { // waits"},
	}
}

func ofQueue() [][3]string {
	return [][3]string{
		{"the queue hears only the answer it waits for", "e.Op != s.q.Pending || s.q.Now == nil", "s.q.Now == nil"},
		{"what is landing is not taken back", "!s.landing() && !now.Again", "!now.Again"},
		{"what may have landed is not taken back", "!s.landing() && !now.Again", "!s.landing()"},
		{"what is merged can be taken back", "!s.landing() && !now.Again", "false"},
		{"a landing that failed is tried again as it is", "if now := s.q.Now; now != nil && now.Again {", "if now := s.q.Now; false {"},
		{"a landing that met another head begins anew", "d.Fault != fault.Conflict", "d.Fault == fault.Conflict"},
		{"a push is approved while the queue is held for it", "s.q.Held && now != nil && now.Push", "now != nil && now.Push"},
		{"only a push is approved in the queue", "now != nil && now.Push && ", "now != nil && "},
		{"an approval is of the tree that was pushed", "d.Tree == now.To.Tree && now.Verdict.HeadTree == d.Tree", "now.Verdict.HeadTree == now.To.Tree"},
		{"a push without a verdict is not approved", "d.Tree == now.To.Tree && now.Verdict.HeadTree == d.Tree", "d.Tree == now.To.Tree"},
		{"a held queue begins nothing", "if s.q.Held || s.q.Now != nil || s.q.Closing {", "if s.q.Now != nil || s.q.Closing {"},
		{"one change lands at a time", "if s.q.Held || s.q.Now != nil || s.q.Closing {", "if s.q.Held || s.q.Closing {"},
		{"a closing queue begins nothing", "if s.q.Held || s.q.Now != nil || s.q.Closing {", "if s.q.Held || s.q.Now != nil {"},
		{"a rewound branch holds the queue", `case d.Diverged != "":`, "case false:"},
		{"a push comes before what was under way", "case d.Pushed != nil:", "case d.Pushed != nil && now.Item.Task == \"\":"},
		{"what a push interrupted is not forgotten", "s.requeue()\n\t\ts.q.Now = &Landing{Push", "s.q.Now = &Landing{Push"},
		{"a conflict does not land", "case len(d.Conflicts) > 0:", "case len(d.Conflicts) > 9:"},
		{"only a verdict that lets it lands", "case now.Verdict.Route.Lands():", "case !now.Verdict.Route.Lands():"},
		{"a push that does not pass holds the queue", "case now.Push:", "case false:"},
		{"a merged tree that needs a person asks one", "now.Verdict.Route == policy.Rework || now.Verdict.Route == policy.Reject", "true"},
		{"a merged tree that fails goes back to the agent", "now.Verdict.Route == policy.Rework || now.Verdict.Route == policy.Reject", "now.Verdict.Route == policy.Reject"},
		{"what lands was judged against the head", "now.Verdict.BaseTree == now.From.Tree && ", ""},
		{"what lands is what was judged", " && now.Verdict.HeadTree == now.To.Tree,", ","},
		{"what a person accepted is told to the gate", "Accepted: s.q.Now.Item.Accepted", "Accepted: nil"},
		{"a landing under way is recorded before the queue closes", "s.q.Closed = !s.landing()", "s.q.Closed = true"},
		{"a landing that failed is asked about before the queue closes", "if s.q.Now != nil && s.q.Now.Again {", "if false {"},
		{"a queue closes after its last landing", "s.q.Closed = s.q.Closing", "s.q.Closed = false"},
		{"a closing queue does not wait for a person", "if s.q.Closing {\n\t\t\ts.q.Closed = true", "if false {\n\t\t\ts.q.Closed = true"},
	}
}

func ofTests() [][3]string {
	return [][3]string{
		{"only a test that ended both ways is remembered", "if !d.Wavered() {", "if false {"},
		{"of a remembered test every run counts", "if i < 0 {", "if i < 0 || !d.Wavered() {"},
		{"a judgement is remembered once of each test", "return s == where })", "return false })"},
	}
}

func ofRun() [][3]string {
	return [][3]string{
		{"a task begins when all it needs has landed", "if j < 0 || Mark(s.marks[j]) != markLanded {", "if j < 0 || Mark(s.marks[j]) == markWaiting {"},
		{"a need that the plan does not have blocks", "if j < 0 || Mark(s.marks[j]) != markLanded {", "if j >= 0 && Mark(s.marks[j]) != markLanded {"},
		{"agents at once are bounded", "holding >= s.r.Limits.Parallel", "holding > s.r.Limits.Parallel"},
		{"what has begun goes first", "[]Mark{markWanting, markWaiting}", "[]Mark{markWaiting, markWanting}"},
		{"nothing starts while the machine has no room", `|| s.r.Lack.What != ""`, ""},
		{"turns of tasks are counted for their reservations", "|| n.Tokens > 0 || n.Turns > 0 {", "|| n.Tokens > 0 {"},
		{"a person raises the run's budget of turns", "given(d.Turns, l.Turns)", "l.Turns"},
		{"a run pauses for the budget when nothing can give any back", "if holding == 0 {", "if true {"},
		{"a run that cannot go on says so", "if holding == 0 {", "if false {"},
		{"a stopped run stays stopped, whatever else happens", "if s.r.Reason != ForStop {", "if true {"},
		{"a pause is heard", "if s.r.Reason != ForStop {", "if s.r.Reason == ForBranch {"},
		{"a closing run does not go on", "if s.r.Closing || s.r.Done() {", "if s.r.Done() {"},
		{"resuming starts what was stopped", "if Mark(m) == markHalted {", "if Mark(m) == markAsking {"},
		{"a run closes when no agent runs", "if s.r.Closing && !s.has(markHolding) {", "if s.r.Closing {"},
		{"a closing run ends", "if s.r.Closing && !s.has(markHolding) {", "if false {"},
		{"a paused run starts nothing", "if s.r.Stage != Running {", "if s.r.Stage != Running && s.r.Stage != Paused {"},
		{"an approval of the goal is of the final tree", "s.r.Stage == Doubting && d.Tree == s.r.Final.Tree", "s.r.Stage == Doubting"},
		{"an approval of the goal counts while a person is asked", "s.r.Stage == Doubting && d.Tree == s.r.Final.Tree", "d.Tree == s.r.Final.Tree"},
		{"the target moves on a verdict that lets it", "if s.r.Verdict.Route.Lands() {", "if !s.r.Verdict.Route.Lands() {"},
		{"the target moves to what was judged", "s.r.Verdict.HeadTree == s.r.Final.Tree", "true"},
		{"a run hears only the answer it waits for", "if e.Op != s.r.Pending {", "if false {"},
		{"evidence on the goal counts while it is proved", "if s.r.Stage == Proving { // else it paused", "if true { // else it paused"},
		{"a verdict on the goal counts while it is proved", "if s.r.Stage == Proving {\n\t\t\ts.r.Verdict", "if true {\n\t\t\ts.r.Verdict"},
		{"a run that was stopped while it opened stays stopped", "if s.r.Stage == Opening {", "if true {"},
		{"a run that cannot open ends", `if s.r.Opened.Branch != "" {`, "if true {"},
		{"a failed goal check can be resumed", `if s.r.Opened.Branch != "" {`, "if false {"},
		{"a task that stopped too late goes on", "m == markHalted && s.r.Stage == Running", "false"},
		{"a task that stopped waits for the run", "m == markHalted && s.r.Stage == Running", "m == markHalted"},
		{"a landed task stays landed", "i >= 0 && s.marks[i] != byte(markLanded)", "i >= 0"},
		{"the target that moves is recorded before a run closes", "s.r.Done() || s.r.Stage == Advancing {", "s.r.Done() {"},
		{"a task that is checked hears of the stop", "case markHolding, markWanting, markBusy:", "case markHolding, markWanting:"},
		{"closing a run closes its tasks", "if Mark(m) != markWaiting && Mark(m) != markLanded {", "if Mark(m) == markHolding {"},
		{"a goal check under way is asked for anew", "s.r.Pending = \"\" // a goal check", "// a goal check"},
		{"pushes are taken in before the goal is proved", "if s.r.Stage == Syncing {", "if true {"},
		{"a revived task does not resume a paused run", "s.mark(d.Task, markBusy)\n\t\tif s.r.Stage == Doubting {", "s.mark(d.Task, markBusy)\n\t\tif true {"},
	}
}

package attest

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/adapter/git"
	"muster/internal/app/machine"
	"muster/internal/core/change"
	"muster/internal/core/config"
	"muster/internal/core/evidence"
	"muster/internal/core/fault"
	"muster/internal/core/flow"
	"muster/internal/core/job"
	"muster/internal/core/plan"
	"muster/internal/core/policy"
	"muster/internal/core/provenance"
	"muster/internal/store"
)

// scene is a repository in which one task has landed.
type scene struct {
	*testing.T
	host  machine.Host
	place *Place
	made  Made
	head  change.Point
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=T", "GIT_AUTHOR_EMAIL=t@localhost", "GIT_COMMITTER_NAME=T", "GIT_COMMITTER_EMAIL=t@localhost")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func findMine(_ context.Context, name string) (string, string, error) {
	if name == "mine" {
		return "r", "mine", nil
	}
	return "", "", fault.New(fault.NotFound, "there is no task %s", name)
}

func newScene(t *testing.T) *scene {
	t.Helper()
	root := t.TempDir()
	s := &scene{T: t, host: machine.Host{Dir: filepath.Join(root, "r"), Env: map[string]string{"XDG_STATE_HOME": filepath.Join(root, "state"), "HOME": root, "USER": "tess"}}}
	if err := os.Mkdir(s.host.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, s.host.Dir, "init", "-q", "-b", "main")
	if err := os.WriteFile(filepath.Join(s.host.Dir, "a.txt"), []byte("a\nb\nc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, s.host.Dir, "add", "-A")
	run(t, s.host.Dir, "commit", "-q", "-m", "first")
	base := change.Point{Commit: run(t, s.host.Dir, "rev-parse", "HEAD"), Tree: run(t, s.host.Dir, "rev-parse", "HEAD^{tree}")}
	if err := os.WriteFile(filepath.Join(s.host.Dir, "a.txt"), []byte("a\nx\ny\nc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, s.host.Dir, "commit", "-q", "-a", "-m", "Mine\n\nAssisted-by: bot (claude-opus-5)\nMuster-Run: r\nMuster-Task: mine")
	s.head = change.Point{Commit: run(t, s.host.Dir, "rev-parse", "HEAD"), Tree: run(t, s.host.Dir, "rev-parse", "HEAD^{tree}")}
	s.record(base)
	s.open()
	made, err := Create(t.Context(), s.place, "mine", findMine, "v1")
	if err != nil {
		t.Fatal(err)
	}
	s.made = made
	return s
}

func (s *scene) open() {
	s.Helper()
	p, err := Open(s.Context(), s.host)
	if err != nil {
		s.Fatal(err)
	}
	s.place = p
	s.Cleanup(func() { _ = p.Close() })
}

// record writes the ledger that a run leaves.
func (s *scene) record(base change.Point) {
	s.Helper()
	where, err := git.Locate(s.Context(), s.host.Dir)
	if err != nil {
		s.Fatal(err)
	}
	state, err := s.host.StateFolder(where.CommonDir, where.Name)
	if err == nil {
		err = os.MkdirAll(state, 0o700)
	}
	if err != nil {
		s.Fatal(err)
	}
	st, err := store.Open(s.Context(), state, Signing(s.host, state))
	if err != nil {
		s.Fatal(err)
	}
	defer st.Close()
	lock, _, err := st.Lock(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = lock.Release() }()
	blob := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			s.Fatal(err)
		}
		sha, err := st.PutBlob(s.Context(), data)
		if err != nil {
			s.Fatal(err)
		}
		return sha
	}
	in := flow.Inputs{Run: "r", Name: "limits"}
	in.Plan = blob(plan.Plan{Name: "limits", Goal: "Limit", Tasks: []plan.Task{{ID: "mine", Type: plan.Fix, Title: "Mine", Prompt: "Do it"}}})
	in.Config = blob(config.Config{Agents: []job.Agent{{Name: "bot", Driver: "claude"}}})
	e := blob(evidence.Evidence{BaseTree: base.Tree, HeadTree: s.head.Tree, Results: []evidence.Result{{Check: "build", Version: "1", Status: evidence.Passed}}})
	out := blob("what it said")
	v := flow.VerdictGiven{Policy: "p", Verdict: policy.Verdict{Route: policy.Auto, Evidence: e, BaseTree: base.Tree, HeadTree: s.head.Tree}}
	ledgerRun, queue, mine := flow.RunStream("r"), flow.QueueStream("r"), flow.TaskStream("r", "mine")
	for i, r := range []struct {
		stream flow.Stream
		actor  string
		data   flow.Payload
	}{
		{ledgerRun, "person:tess", flow.RunStarted{Inputs: in, Goal: "Limit", Nodes: []flow.Node{{ID: "mine", Agent: "bot"}}}},
		{ledgerRun, "engine", flow.RunOpened{Opened: change.Opened{Target: "refs/heads/main", Base: base}}},
		{mine, "engine", flow.TaskStarted{Inputs: in}},
		{mine, "engine", flow.AttemptEnded{Attempt: 1, Outcome: job.Outcome{Kind: job.Done, Model: "claude-opus-5", Session: "s-1"}, Stdout: out}},
		{mine, "engine", v},
		{queue, "engine", flow.QueueStarted{Inputs: in}},
		{queue, "engine", flow.ChangeQueued{Item: flow.Item{Task: "mine", Attempt: 1, Agent: "bot", Model: "claude-opus-5"}}},
		{queue, "engine", v},
		{queue, "engine", flow.HeadMoved{Landing: change.Landing{From: base, To: s.head}}},
		{mine, "engine", flow.ChangeLanded{Head: s.head}},
		{mine, "engine", flow.TaskClosed{}},
	} {
		rec, err := flow.NewRecord(r.stream, flow.Event{ID: string(rune('a' + i)), AtUS: int64(1_700_000_000_000_000 + i), Actor: r.actor, Data: r.data}, "", nil)
		if err == nil {
			_, err = st.Commit(s.Context(), lock, flow.Batch{Records: []flow.Record{rec}})
		}
		if err != nil {
			s.Fatal(err)
		}
	}
}

// verify checks what there is under a name, and gives the only answer.
func (s *scene) verify(named string, keys ...string) Checked {
	s.Helper()
	all, err := Verify(s.Context(), s.place, named, keys)
	if err != nil || len(all) != 1 {
		s.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

// want checks the result, and that a look of that sort says so.
func (s *scene) want(c Checked, r Result, about string, is Result, part string) {
	s.Helper()
	for _, p := range c.Points {
		if p.About == about && p.Result == is && strings.Contains(p.Why, part) && c.Result == r {
			return
		}
	}
	s.Errorf("want %s, with %s %s %q; got %+v", r, is, about, part, c)
}

func TestWhatLandedIsAttested(t *testing.T) {
	s := newScene(t)
	for _, named := range []string{s.made.File, "main", s.head.Commit} {
		c := s.verify(named)
		for _, about := range []string{"signature", "commit", "seal", "ledger", "blobs"} {
			s.want(c, Good, about, Good, "")
		}
		if c.Commit != s.head.Commit || c.Tree != s.head.Tree || c.Task != "mine" {
			t.Errorf("%+v", c)
		}
	}
	for _, named := range []string{"mine", "main", s.head.Commit[:10]} {
		again, err := Create(t.Context(), s.place, named, findMine, "v1")
		if err != nil || string(again.Envelope) != string(s.made.Envelope) {
			t.Errorf("%s: %v; other bytes", named, err)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	s := newScene(t)
	want := func(named string, kind fault.Kind, part string) {
		t.Helper()
		_, err := Create(t.Context(), s.place, named, findMine, "v1")
		if fault.KindOf(err) != kind || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", named, err)
		}
	}
	want("nothing", fault.NotFound, "there is no task nothing")
	want("main^", fault.NotFound, "names no run and task of Muster")
	run(t, s.host.Dir, "commit", "-q", "--allow-empty", "-m", "Copied\n\nMuster-Run: r\nMuster-Task: mine")
	want("main", fault.Invalid, "what landed of that is "+s.head.Commit)
	run(t, s.host.Dir, "commit", "-q", "--allow-empty", "-m", "Unknown\n\nMuster-Run: r\nMuster-Task: other")
	want("main", fault.NotFound, "has not landed")
}

// TestEveryFlippedByteIsFound flips a bit of every byte of an attestation, and
// wants an answer that is not good.
func TestEveryFlippedByteIsFound(t *testing.T) {
	s := newScene(t)
	path := filepath.Join(t.TempDir(), "a.json")
	a, err := Anchor(s.host, s.place.state, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.made.Envelope {
		bad := append([]byte{}, s.made.Envelope...)
		bad[i] ^= 1 << (i % 8)
		c := Checked{Result: Good}
		if err := s.place.check(t.Context(), &c, bad, change.Point{}, a.Trust); err != nil || c.Result != Refuted {
			t.Errorf("byte %d: %+v, %v", i, c, err)
		}
		if i%199 != 0 {
			continue
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if c := s.verify(path); c.Result != Refuted {
			t.Errorf("byte %d: %+v", i, c)
		}
	}
	if err := os.WriteFile(path, s.made.Envelope, 0o600); err != nil {
		t.Fatal(err)
	}
	if c := s.verify(path); c.Result != Good {
		t.Errorf("unflipped: %+v", c)
	}
}

// TestEveryFlippedByteOfTheLedgerBehindItIsFound flips every 31st byte of the records
// that the statement follows from, of its seal, and every seventh of all blobs.
func TestEveryFlippedByteOfTheLedgerBehindItIsFound(t *testing.T) {
	s := newScene(t)
	db, err := sql.Open("sqlite", filepath.Join(s.place.state, store.File)+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var last int64 // the seal of the landing
	if err := db.QueryRow(`select row from records where stream = (select id from streams where name = 'ledger') and seq = 10`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	flips := 0
	for row := int64(1); row <= last; row++ {
		for _, column := range []string{"body", "hash", "signature"} {
			var was []byte
			var stream string
			if err := db.QueryRow(`select s.name, r.`+column+` from records r join streams s on s.id = r.stream where row = ?`, row).Scan(&stream, &was); err != nil {
				t.Fatal(err)
			}
			if stream == "ledger" && row != last {
				continue // no part of what the statement says; muster ledger verify looks at all
			}
			for i := int(row) % 31; i < len(was); i += 31 {
				flips++
				is := append([]byte{}, was...)
				is[i] ^= 1
				if _, err := db.Exec(`update records set `+column+` = ? where row = ?`, is, row); err != nil {
					t.Fatal(err)
				}
				if c := s.verify(s.made.File); c.Result != Refuted {
					t.Errorf("byte %d of %s in row %d: %+v", i, column, row, c)
				}
			}
			if _, err := db.Exec(`update records set `+column+` = ? where row = ?`, was, row); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.eachBlob(func(path string, was []byte) {
		for i := 0; i < len(was); i += 7 {
			flips++
			is := append([]byte{}, was...)
			is[i] ^= 1
			if err := os.WriteFile(path, is, 0o600); err != nil {
				t.Fatal(err)
			}
			if c := s.verify(s.made.File); c.Result != Refuted {
				t.Errorf("byte %d of blob %s: %+v", i, filepath.Base(path), c)
			}
		}
		if err := os.WriteFile(path, was, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if c := s.verify(s.made.File); c.Result != Good || flips < 150 {
		t.Errorf("after %d flips: %+v", flips, c)
	}
}

func (s *scene) eachBlob(see func(path string, data []byte)) {
	s.Helper()
	paths, err := filepath.Glob(filepath.Join(s.place.state, "blobs", "*", "*"))
	if err != nil || len(paths) == 0 {
		s.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			s.Fatal(err)
		}
		see(path, data)
	}
}

func TestWhatCannotBeCheckedIsSaid(t *testing.T) {
	s := newScene(t)
	pub := filepath.Join(filepath.Dir(s.place.state), "keys", "muster.pub")
	s.eachBlob(func(path string, _ []byte) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	})
	s.want(s.verify("main"), Good, "blobs", Unchecked, "4 blobs that it names are gone")

	other := *s // somebody else's machine
	other.host.Env = map[string]string{"XDG_STATE_HOME": t.TempDir(), "HOME": s.host.Env["HOME"]}
	other.open()
	c := other.verify(s.made.File)
	s.want(c, Unchecked, "signature", Unchecked, "nobody here has said that this key is trusted")
	s.want(c, Unchecked, "ledger", Unchecked, "there is no ledger of this repository here")
	s.want(other.verify(s.made.File, pub), Good, "signature", Good, string(s.made.Key))
	s.want(other.verify(s.made.File, string(s.made.Key)), Good, "seal", Good, "")
	s.want(other.verify(s.made.File, "SHA256:"+strings.Repeat("A", 43)), Refuted, "signature", Refuted, "trusted is SHA256:AAA")
	if _, err := os.Stat(other.place.state + "/" + store.File); err == nil {
		t.Error("checking made a ledger")
	}
}

// resign gives the statement with something else in it, signed with the
// person's own key: only other sources can tell.
func (s *scene) resign(old, with string) string {
	s.Helper()
	o, err := provenance.Open(s.made.Envelope)
	if err != nil {
		s.Fatal(err)
	}
	payload := strings.ReplaceAll(string(o.Payload), old, with)
	if payload == string(o.Payload) {
		s.Fatalf("%q is not in %s", old, payload)
	}
	key, err := keysFolder(s.host, s.place.state).Signer()
	if err != nil {
		s.Fatal(err)
	}
	data, err := provenance.Enclose([]byte(payload), key.Key(), key.Sign(provenance.PAE(provenance.PayloadType, []byte(payload))))
	if err != nil {
		s.Fatal(err)
	}
	path := filepath.Join(s.TempDir(), "signed.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

func TestWhatIsSignedAndNotTrueIsRefuted(t *testing.T) {
	s := newScene(t)
	other := run(t, s.host.Dir, "rev-parse", "main^")
	zeros := strings.Repeat("0", 40)
	s.want(s.verify(s.resign(s.head.Tree, zeros)), Refuted, "commit", Refuted, "has tree "+s.head.Tree)
	s.want(s.verify(s.resign(s.head.Commit, zeros)), Refuted, "commit", Unchecked, "has no commit")
	s.want(s.verify(s.resign(s.head.Commit, "main")), Refuted, "commit", Refuted, "is not its id")
	s.want(s.verify(s.resign(s.head.Commit, other)), Refuted, "commit", Refuted, "has tree")
	s.want(s.verify(s.resign(`"goal":"Limit"`, `"goal":"Lift"`)), Refuted, "ledger", Refuted, "something else of run.goal")
	s.want(s.verify(s.resign(`"route":"auto"`, `"route":"audit"`)), Refuted, "ledger", Refuted, "verdicts[0].route")
	s.want(s.verify(s.resign(`"id":"r"`, `"id":"q"`)), Good, "ledger", Unchecked, "knows nothing of run \"q\"")
	s.want(s.verify(s.resign(`"id":"mine"`, `"id":"yours"`)), Refuted, "ledger", Refuted, "has not landed")
	s.want(s.verify(s.resign(`"seal":{"seq":10,"hash":"`, `"seal":{"seq":10,"hash":"0`)), Refuted, "seal", Refuted, "was not made by")
	s.want(s.verify(s.resign(`"public":"ssh-ed25519 `, `"public":"ssh-ed25519  `)), Good, "signature", Good, "") // the key is known here
	s.want(s.verify(s.resign(`"_type":"https`, `"_type":"http`)), Refuted, "statement", Refuted, "")

	// The attestation of another commit in the place of this one's.
	run(t, s.host.Dir, "commit", "-q", "--allow-empty", "-m", "Next")
	next := run(t, s.host.Dir, "rev-parse", "HEAD")
	if err := os.WriteFile(s.place.kept(next), s.made.Envelope, 0o600); err != nil {
		t.Fatal(err)
	}
	s.want(s.verify("main"), Refuted, "commit", Refuted, "not about "+next)
}

func TestVerifyRefusesWhatIsNothing(t *testing.T) {
	s := newScene(t)
	for named, part := range map[string]string{
		"nothing": "names no commit", "./nothing.json": "read the attestation ./nothing.json", "main^": "there is none here",
	} {
		_, err := Verify(t.Context(), s.place, named, nil)
		if fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), part) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", named, err)
		}
	}
	if _, err := Verify(t.Context(), s.place, "main", []string{"no.pub"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a key that is none: %v", err)
	}
}

func TestTrace(t *testing.T) {
	s := newScene(t)
	want := func(p *Place, source string) {
		t.Helper()
		tr, err := Trace(t.Context(), p, "main", "v1")
		if err != nil {
			t.Fatal(err)
		}
		if len(tr.Files) != 1 || tr.Files[0].Path != "a.txt" || len(tr.Files[0].Conversations) != 1 {
			t.Fatalf("%+v", tr.Files)
		}
		c := tr.Files[0].Conversations[0]
		if c.Contributor != (provenance.Contributor{Type: provenance.AI, ModelID: "anthropic/claude-opus-5"}) || len(c.Ranges) != 1 || c.Ranges[0].StartLine != 2 || c.Ranges[0].EndLine != 3 {
			t.Errorf("%+v", c)
		}
		if m := tr.Metadata.Muster; m.Source != source || m.Task != "mine" || tr.VCS.Revision != s.head.Commit || strings.HasPrefix(tr.Timestamp, "1970") {
			t.Errorf("%+v", tr)
		}
	}
	want(s.place, "ledger")
	other := *s
	other.host.Env = map[string]string{"XDG_STATE_HOME": t.TempDir(), "HOME": s.host.Env["HOME"]}
	other.open()
	want(other.place, "message")
	if _, err := Trace(t.Context(), s.place, "main^", "v1"); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "neither the ledger nor its message") {
		t.Errorf("a person's commit: %v", err)
	}
	// What the message says, and the ledger does not know, is said of the message.
	run(t, s.host.Dir, "commit", "-q", "--amend", "--allow-empty", "-m", "Mine, again\n\nAssisted-by: bot (claude-opus-5)\nMuster-Run: r\nMuster-Task: mine\n")
	s.head.Commit = run(t, s.host.Dir, "rev-parse", "HEAD")
	want(s.place, "message")
}

func TestNote(t *testing.T) {
	s := newScene(t)
	before := run(t, s.host.Dir, "for-each-ref")
	if err := Annotate(t.Context(), s.place, &s.made); err != nil || s.made.Note != git.NotesRef {
		t.Fatal(s.made.Note, err)
	}
	all, err := Verify(t.Context(), s.place, "main", nil)
	if err != nil || len(all) != 2 || all[0].Result != Good || all[1].Result != Good || all[1].From != git.NotesRef {
		t.Errorf("%+v, %v", all, err)
	}
	if err := os.Remove(s.made.File); err != nil {
		t.Fatal(err)
	}
	s.want(s.verify("main"), Good, "ledger", Good, "")
	s.made.Envelope[9] ^= 1
	if err := Annotate(t.Context(), s.place, &s.made); err != nil {
		t.Fatal(err)
	}
	s.want(s.verify("main"), Refuted, "envelope", Refuted, "")
	run(t, s.host.Dir, "update-ref", "-d", git.NotesRef)
	if after := run(t, s.host.Dir, "for-each-ref"); after != before {
		t.Errorf("refs were\n%s\nand are\n%s", before, after)
	}
}

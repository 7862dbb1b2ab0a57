package store

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/flow"
)

func TestBlobRoundTrip(t *testing.T) {
	s := open(t, t.TempDir())
	for _, data := range [][]byte{nil, []byte("text"), bytes.Repeat([]byte{0, 0xff}, 1<<20)} {
		sha, err := s.PutBlob(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.PutBlob(t.Context(), data)
		if err != nil || again != sha {
			t.Errorf("the second time gave %s, %v", again, err)
		}
		got, err := s.Blob(t.Context(), sha)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d, %v", len(data), len(got), err)
		}
		if info, err := os.Stat(s.blobPath(sha)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(s.path(blobFolder, "*", tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if _, err := os.Stat(s.path(blobFolder, "e3", empty)); err != nil {
		t.Error(err)
	}
}

func TestBlobRefusesAndRepairs(t *testing.T) {
	s := open(t, t.TempDir())
	for _, sha := range []string{"", "..", "../../muster.db", strings.Repeat("A", 64), strings.Repeat("a", 63), strings.Repeat("/", 64)} {
		_, err := s.Blob(t.Context(), sha)
		wantKind(t, err, fault.Invalid, "not a sha256")
	}
	_, err := s.Blob(t.Context(), strings.Repeat("a", 64))
	wantKind(t, err, fault.NotFound, "read blob aaaa")

	sha, err := s.PutBlob(t.Context(), []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.blobPath(sha), []byte("tex"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.Blob(t.Context(), sha)
	wantKind(t, err, fault.Internal, "altered", "ledger verify")
	if _, err := s.PutBlob(t.Context(), []byte("text")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Blob(t.Context(), sha); err != nil || string(got) != "text" {
		t.Errorf("after putting it again: %q, %v", got, err)
	}
}

func TestBlobPutByManyAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			sha, err := s.PutBlob(t.Context(), []byte("the same"))
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Blob(t.Context(), sha); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestResults(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	miss := func(key, why string) {
		t.Helper()
		if got, ok, err := s.Result(ctx, key); ok || err != nil {
			t.Errorf("%s: %q, %v, %v", why, got, ok, err)
		}
	}
	put := func(key, value string) {
		t.Helper()
		if err := s.PutResult(ctx, key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	hit := func(key, value string) {
		t.Helper()
		if got, ok, err := s.Result(ctx, key); !ok || err != nil || string(got) != value {
			t.Errorf("%q gave %q, %v, %v", key, got, ok, err)
		}
	}
	miss("a", "nothing was put")
	put("a", "1")
	put("../b\x00", "")
	hit("a", "1")
	hit("../b\x00", "")
	put("a", "2")
	hit("a", "2")

	data, err := os.ReadFile(s.resultPath("a"))
	if err != nil {
		t.Fatal(err)
	}
	for why, bad := range map[string][]byte{
		"torn": data[:len(data)-1], "torn early": data[:5], "empty": nil, "altered": append(data[:len(data)-1:len(data)-1], '3'),
	} {
		if err := os.WriteFile(s.resultPath("a"), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		miss("a", why)
	}
	put("c", "of c")
	if err := os.Rename(s.resultPath("c"), s.resultPath("a")); err != nil {
		t.Fatal(err)
	}
	miss("a", "copied from another key")
	if err := os.RemoveAll(s.path(resultFolder)); err != nil {
		t.Fatal(err)
	}
	miss("../b\x00", "all were removed")
	if n, err := s.PruneResults(ctx, time.Now()); n != 0 || err != nil {
		t.Errorf("pruning nothing: %d, %v", n, err)
	}
	put("a", "3")
	hit("a", "3")
}

func TestPruneByAge(t *testing.T) {
	s := open(t, t.TempDir())
	now := time.Now()
	for _, key := range []string{"old", "new"} {
		if err := s.PutResult(t.Context(), key, []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	sha, err := s.PutBlob(t.Context(), []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(filepath.Dir(s.blobPath(sha)), tempPrefix+"1")
	fresh := half + "2"
	for _, path := range []string{half, fresh} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	week := now.Add(-7 * 24 * time.Hour)
	for _, path := range []string{s.resultPath("old"), s.blobPath(sha), half} {
		if err := os.Chtimes(path, week, week); err != nil {
			t.Fatal(err)
		}
	}
	day := now.Add(-24 * time.Hour)
	if n, err := s.PruneResults(t.Context(), day); n != 1 || err != nil {
		t.Errorf("PruneResults gave %d, %v", n, err)
	}
	if n, err := s.PruneTemp(t.Context(), day); n != 1 || err != nil {
		t.Errorf("PruneTemp gave %d, %v", n, err)
	}
	if _, ok, _ := s.Result(t.Context(), "new"); !ok {
		t.Error("the new result was removed")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error(err)
	}
	if _, err := s.Blob(t.Context(), sha); err != nil {
		t.Error(err)
	}
}

func TestInboxKeepsOneMessagePerID(t *testing.T) {
	s := open(t, t.TempDir())
	l := lock(t, s)
	ctx := t.Context()
	m := flow.Message{ID: "m1", AtUS: 7, Actor: "person:p", To: "run/r", Kind: "stop", Data: []byte(`{"why":"<b>"}`)}
	for range 2 {
		if err := s.Send(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Inbox(ctx, 10)
	if err != nil || len(got) != 1 || got[0].ID != m.ID || got[0].AtUS != 7 || got[0].To != m.To || string(got[0].Data) != string(m.Data) {
		t.Fatalf("Inbox gave %+v, %v", got, err)
	}
	if ok, err := s.Pending(ctx, "m1"); !ok || err != nil {
		t.Errorf("Pending: %v, %v", ok, err)
	}
	commitTo(t, s, l, flow.Batch{Records: []flow.Record{event("run/r", 1)}, Consumed: []string{"m1"}})
	// Sent again after it was consumed, it is still the same message.
	if err := s.Send(ctx, m); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Pending(ctx, "m1"); ok || err != nil {
		t.Errorf("Pending after it was consumed: %v, %v", ok, err)
	}
	if ok, err := s.Pending(ctx, "never"); ok || err != nil {
		t.Errorf("Pending of none: %v, %v", ok, err)
	}
	wantKind(t, s.Send(ctx, flow.Message{ID: "m2"}), fault.Invalid, "missing")
	m.ID, m.Data = "m4", []byte{}
	if err := s.Send(ctx, m); err != nil {
		t.Error(err)
	}
	m.ID, m.Data = "m3", []byte(`{`)
	wantKind(t, s.Send(ctx, m), fault.Invalid, "JSON")
}

func TestWaitChange(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	ctx := t.Context()
	v, err := s.WaitChange(ctx, 0, time.Hour) // the first look does not wait
	if err != nil || v == 0 {
		t.Fatal(v, err)
	}
	if same, err := s.Changed(ctx); same != v || err != nil {
		t.Errorf("without a change: %d and %d, %v", v, same, err)
	}
	for _, from := range []*Store{s, other} {
		if err := from.Send(ctx, flow.Message{ID: from.dir + string(rune('a'+v)), To: "run/r", Kind: "k", Actor: "person:p"}); err != nil {
			t.Fatal(err)
		}
		next, err := s.WaitChange(ctx, v, time.Hour) // what happened before it is seen
		if err != nil || next == v {
			t.Fatal(next, v, err)
		}
		v = next
	}
	ended, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() {
		_, err := s.WaitChange(ended, v, time.Millisecond)
		done <- err
	}()
	cancel()
	wantKind(t, <-done, fault.Transient, "wait for a change")
	go func() {
		_, err := s.WaitChange(ctx, v, time.Millisecond)
		done <- err
	}()
	if err := other.Send(ctx, flow.Message{ID: "last", To: "run/r", Kind: "k", Actor: "person:p"}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

package gateway

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"muster/internal/core/job"
	"muster/internal/core/meter"
)

func openTest(t *testing.T, dir string) *journal {
	t.Helper()
	j, err := openJournal(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func likely(micro int64) meter.Estimate {
	return meter.Estimate{Likely: meter.Amount{MicroUSD: micro, Tokens: 10}, Most: meter.Amount{MicroUSD: 2 * micro, Tokens: 20}}
}

func write(t *testing.T, j *journal, entries ...entry) {
	t.Helper()
	if err := j.append(entries...); err != nil {
		t.Fatal(err)
	}
}

func example(t *testing.T, dir string) {
	t.Helper()
	j := openTest(t, dir)
	defer j.close()
	write(t, j, entry{Kind: reserved, ID: "1", Door: "r.a.1", Scopes: []string{"a", "r"}, Estimate: likely(5)})
	write(t, j, entry{Kind: settled, ID: "1", Usage: job.Usage{Input: 3, CostMicroUSD: 7}})
	write(t, j, entry{Kind: settled, ID: "1", Usage: job.Usage{Input: 3, CostMicroUSD: 7}}) // as a gateway that repeats itself might
	write(t, j, entry{Kind: refused, Door: "r.a.1", Limit: &Limit{Scope: "a", Why: "no"}})
	write(t, j, entry{Kind: reserved, ID: "2", Door: "r.b.1", Scopes: []string{"b", "r"}, Estimate: likely(50)})
}

// What a dead gateway left open is booked once, as an estimate.
func TestJournalClosesWhatWasOpen(t *testing.T) {
	dir := t.TempDir()
	example(t, dir)
	for range 3 {
		j := openTest(t, dir)
		if got := j.spend("r.a.1"); got.Usage != (job.Usage{Input: 3, CostMicroUSD: 7}) || got.Requests != 1 || got.Estimated != 0 || got.Limit == nil {
			t.Errorf("%+v", got)
		}
		if got := j.spent("r", none).All; got.Usage.CostMicroUSD != 57 || got.Usage.Output != 10 || got.Requests != 2 || got.Estimated != 1 {
			t.Errorf("%+v", got)
		}
		if got := j.spend("none"); got.Requests != 0 {
			t.Errorf("%+v", got)
		}
		if err := j.close(); err != nil {
			t.Error(err)
		}
	}
}

// A line that was not written to its end is dropped; what follows is whole.
func TestJournalTorn(t *testing.T) {
	dir := t.TempDir()
	example(t, dir)
	path := filepath.Join(dir, journalFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for n := last; n < len(data); n += 17 {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		j := openTest(t, dir)
		if got := j.spent("r", none).All; got.Requests != 1 || got.Estimated != 0 {
			t.Fatalf("cut to %d of %d bytes: %+v", n, len(data), got)
		}
		write(t, j, entry{Kind: reserved, ID: "9", Door: "r.c.1", Scopes: []string{"r"}, Estimate: likely(1)})
		_ = j.close()
		if j := openTest(t, dir); j.spent("r", none).All.Requests != 2 {
			t.Fatalf("cut to %d bytes: what was written after is lost", n)
		}
	}
}

// A byte that is flipped anywhere is found, or in a line feed at the very end
// makes the last line one that was torn.
func TestJournalFlipped(t *testing.T) {
	dir := t.TempDir()
	example(t, dir)
	data, err := os.ReadFile(filepath.Join(dir, journalFile))
	if err != nil {
		t.Fatal(err)
	}
	for i := range data[:len(data)-1] {
		for _, bit := range []byte{1, 0x20, 0x80} {
			data[i] ^= bit
			if _, err := readJournal(bytes.NewReader(data), func(entry) {}); err == nil {
				t.Fatalf("bit %#x of byte %d flipped is not found: %q", bit, i, data[max(0, i-20):i+20])
			}
			data[i] ^= bit
		}
	}
	if err := os.WriteFile(filepath.Join(dir, journalFile), append([]byte("x"), data...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(dir, 1); err == nil || !strings.Contains(err.Error(), "not as it was written") {
		t.Errorf("opened: %v", err)
	}
}

func TestJournalCompacts(t *testing.T) {
	dir := t.TempDir()
	example(t, dir)
	j := openTest(t, dir)
	before := j.spent("r", none).All
	if err := j.compact(filepath.Join(dir, journalFile), 9); err != nil {
		t.Fatal(err)
	}
	write(t, j, entry{Kind: reserved, ID: "3", Door: "r.b.1", Scopes: []string{"b", "r"}, Estimate: likely(1)})
	write(t, j, entry{Kind: settled, ID: "3", Usage: job.Usage{Input: 1}})
	_ = j.close()
	j = openTest(t, dir)
	defer j.close()
	after := j.spent("r", none).All
	if after.Requests != before.Requests+1 || after.Usage.Input != before.Usage.Input+1 || after.Usage.CostMicroUSD != before.Usage.CostMicroUSD || after.Limit == nil {
		t.Errorf("%+v became %+v", before, after)
	}
}

// Many who write at once all find their lines there.
func TestJournalTogether(t *testing.T) {
	dir := t.TempDir()
	j := openTest(t, dir)
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			id := fmt.Sprint(n)
			if err := j.append(entry{Kind: reserved, ID: id, Door: "d", Scopes: []string{"s"}}, entry{Kind: settled, ID: id, Usage: job.Usage{Output: 1}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_ = j.close()
	if got := openTest(t, dir).spent("s", none).All; got.Usage.Output != 200 || got.Requests != 200 {
		t.Errorf("%+v", got)
	}
}

// A journal that cannot be written stops everything that costs.
func TestJournalBroken(t *testing.T) {
	j := openTest(t, t.TempDir())
	_ = j.file.Close()
	for range 2 {
		if err := j.append(entry{Kind: reserved, ID: "1"}); err == nil {
			t.Error("a line is said to be written")
		}
	}
}

func FuzzReadJournal(f *testing.F) {
	f.Add(string(entry{Kind: reserved, ID: "1", Door: "d"}.line()) + string(entry{Kind: settled, ID: "1"}.line()))
	f.Add("00000000 {}\n")
	f.Fuzz(func(t *testing.T, text string) {
		l := newLedger()
		whole, err := readJournal(strings.NewReader(text), l.apply)
		if whole < 0 || whole > int64(len(text)) || err == nil && strings.Count(text, "\n") > 0 && whole == 0 {
			t.Errorf("%d of %d bytes, %v", whole, len(text), err)
		}
	})
}

package meter

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Table is a list of prices as it was on one day.
type Table struct {
	Date   string           `json:"date"`   // 2026-07-02
	Origin string           `json:"origin"` // where it is from, for people
	Models map[string]Price `json:"models"` // by vendor and model, with a space between
}

// Standard gives the table of this version.
func Standard() Table {
	t := Table{Date: tableDate, Origin: tableOrigin, Models: map[string]Price{}}
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		price := priceOf(f[2:6])
		if len(f) == 11 {
			long := priceOf(f[7:11])
			price.Above, price.Long = int64(atoi(strings.TrimPrefix(f[6], ">"))), &long
		}
		t.Models[f[0]+" "+f[1]] = price
	}
	return t
}

// priceOf reads four prices of the table. Where it has none for the cache, a
// read costs what input does, and so does a write.
func priceOf(f []string) Price {
	micro := func(s string, other int64) int64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return other
		}
		return int64(v*1e6 + 0.5)
	}
	in := micro(f[0], 0)
	return Price{Input: in, Output: micro(f[1], 0), CacheRead: micro(f[2], in), CacheWrite: micro(f[3], in)}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// Bounds of a table that is read.
const (
	listVersion = 1
	maxModels   = 20_000
	maxName     = 200                // bytes of a vendor and a model
	maxPrice    = 10_000 * 1_000_000 // micro-USD for a million tokens; the dearest model of 2026 costs 600 dollars
	maxTiers    = 8
)

// file is a table as it is kept.
type file struct {
	Version int `json:"version"`
	Table
}

// Encode gives the table as it is kept: a checksum, a line feed, JSON.
func (t Table) Encode() []byte {
	data, err := json.MarshalIndent(file{listVersion, t}, "", " ")
	if err != nil {
		panic(err) // texts and numbers can be encoded
	}
	data = append(data, '\n')
	sum := sha256.Sum256(data)
	return append([]byte(hex.EncodeToString(sum[:])+"\n"), data...)
}

// DecodeTable reads what Encode gave. Whatever is not as it was written is an
// error.
func DecodeTable(data []byte) (Table, error) {
	digits, rest, _ := bytes.Cut(data, []byte("\n"))
	if sum := sha256.Sum256(rest); string(digits) != hex.EncodeToString(sum[:]) {
		return Table{}, errors.New("it is not as it was written: its checksum is another")
	}
	var f file
	if err := json.Unmarshal(rest, &f); err != nil {
		return Table{}, err
	}
	if f.Version != listVersion {
		return Table{}, fmt.Errorf("its version is %d; this program reads %d", f.Version, listVersion)
	}
	return f.Table, f.check()
}

// check gives what is wrong with a table.
func (t Table) check() error {
	if _, err := time.Parse(time.DateOnly, t.Date); err != nil {
		return fmt.Errorf("its date %.20q is none", t.Date)
	}
	if len(t.Models) == 0 || len(t.Models) > maxModels {
		return fmt.Errorf("it has %d models; between 1 and %d are accepted", len(t.Models), maxModels)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Models)) {
		vendor, model, ok := strings.Cut(name, " ")
		if !ok || !isName(vendor) || !isName(model) {
			return fmt.Errorf("%.60q is no vendor and model", name)
		}
		if err := t.Models[name].check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (p Price) check() error {
	for n, at := 0, &p; at != nil; n, at = n+1, at.Long {
		for _, v := range []int64{at.Input, at.Output, at.CacheRead, at.CacheWrite, at.Above} {
			if v < 0 || v > maxPrice {
				return fmt.Errorf("%s is no price", dollars(v))
			}
		}
		if n > maxTiers {
			return errors.New("it has too many steps")
		}
	}
	return nil
}

// isName accepts what a model can be called.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func dollars(micro int64) string { return "$" + strconv.FormatFloat(float64(micro)/1e6, 'f', -1, 64) }

// Over gives the table with another's prices for the models that it does not
// have.
func (t Table) Over(other Table) Table {
	out := Table{Date: t.Date, Origin: t.Origin, Models: make(map[string]Price, len(t.Models)+len(other.Models))}
	for _, from := range []Table{other, t} {
		for _, name := range slices.Sorted(maps.Keys(from.Models)) {
			out.Models[name] = from.Models[name]
		}
	}
	return out
}

// Change is a model whose price is not what it was.
type Change struct {
	Vendor string  `json:"vendor"`
	Model  string  `json:"model"`
	Was    Price   `json:"was"`
	Now    Price   `json:"now"`
	Times  float64 `json:"times"` // by how much the price that changed most went up or down, at least 1; 0: from or to nothing
}

// largeTimes is from how much on a change of price is more likely a mistake
// than a change.
const largeTimes = 10

// IsLarge reports whether a change is so large that a person should have seen
// it before anything is spent by it.
func (c Change) IsLarge() bool { return c.Times == 0 || c.Times >= largeTimes }

// Compare gives the models that both tables have at different prices, the
// largest changes first, and how many models only one of them has.
func Compare(was, now Table) (changes []Change, added, gone int) {
	for _, name := range slices.Sorted(maps.Keys(now.Models)) {
		before, ok := was.Models[name]
		if !ok {
			added++
			continue
		}
		if times, isSame := before.times(now.Models[name]); !isSame {
			vendor, model, _ := strings.Cut(name, " ")
			changes = append(changes, Change{vendor, model, before, now.Models[name], times})
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		if a.IsLarge() != b.IsLarge() {
			if a.IsLarge() {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Times, a.Times)
	})
	return changes, added, len(was.Models) + added - len(now.Models)
}

// times gives by how much the most different of two prices differ, 0 where one
// of them is nothing, and whether they are the same.
func (p Price) times(q Price) (most float64, isSame bool) {
	most, isSame = 1, p.Above == q.Above && (p.Long == nil) == (q.Long == nil)
	for _, pair := range [][2]int64{{p.Input, q.Input}, {p.Output, q.Output}, {p.CacheRead, q.CacheRead}, {p.CacheWrite, q.CacheWrite}} {
		low, high := min(pair[0], pair[1]), max(pair[0], pair[1])
		switch {
		case low == high:
			continue
		case low == 0 || most == 0:
			most = 0
		default:
			most = max(most, float64(high)/float64(low))
		}
		isSame = false
	}
	if p.Long == nil || q.Long == nil {
		return most, isSame
	}
	long, isLongSame := p.Long.times(*q.Long)
	if long == 0 || most == 0 {
		return 0, false
	}
	return max(most, long), isSame && isLongSame
}

package furnish

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"muster/internal/adapter/setups"
)

// Disk is what a state folder takes, in bytes.
type Disk struct {
	Free  int64  `json:"free_bytes"`            // on its file system; 0 when it is not known
	Total int64  `json:"state_bytes,omitempty"` // of the whole folder, when it was measured last
	Parts []Part `json:"parts,omitempty"`
	AtUS  int64  `json:"measured_us,omitempty"` // when that was
}

// Part is what one sort of thing takes.
type Part struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

const diskFile = "disk.json"

// Measure walks the whole state folder, which takes a while, and notes the
// result for LastMeasured.
func Measure(state string) Disk {
	d := Disk{Free: Free(state), AtUS: time.Now().UnixMicro()}
	entries, _ := os.ReadDir(state)
	rest := int64(0)
	for _, e := range entries {
		path := filepath.Join(state, e.Name())
		switch {
		case !e.IsDir():
			if info, err := e.Info(); err == nil {
				rest += info.Size()
			}
		default:
			d.Parts = append(d.Parts, Part{e.Name(), FolderSize(path)})
		}
	}
	d.Parts = append(d.Parts, Part{"ledger", rest})
	for _, p := range d.Parts {
		d.Total += p.Bytes
	}
	if data, err := json.Marshal(d); err == nil {
		// Losing it costs another walk.
		_ = os.WriteFile(filepath.Join(state, diskFile), data, 0o600)
	}
	return d
}

// LastMeasured gives what Measure found last, with what is free now.
func LastMeasured(state string) Disk {
	d := Disk{}
	if data, err := os.ReadFile(filepath.Join(state, diskFile)); err == nil && json.Unmarshal(data, &d) != nil {
		d = Disk{}
	}
	d.Free = Free(state)
	if d.AtUS == 0 { // what is cheap to know
		all, _ := setups.New(SetUps(state), setups.Tools{}).List()
		p := Part{Name: "setups"}
		for _, k := range all {
			p.Bytes += k.Bytes
		}
		d.Parts = []Part{p}
	}
	return d
}

// Free gives what is free on the file system of a folder; 0 when it is not
// known.
func Free(dir string) int64 {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0
	}
	return int64(st.Bavail) * int64(st.Bsize) //nolint:unconvert // its type differs between systems
}

// FolderSize sums the sizes of the files below a folder, as far as they can be
// read.
func FolderSize(dir string) int64 {
	total := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is not counted
		}
		if d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}

// Removal says which set-ups are to go.
type Removal struct {
	Before   time.Time // those that were last used before
	Excess   int64     // and of the others the ones that were not used for longest, until so many bytes are gone
	OnlyLook bool      // remove nothing
}

// RemoveSetUps removes set-ups that nobody places right now, and what was left
// half made. Removing one costs a run of the commands when it is needed again.
func RemoveSetUps(state string, r Removal) (count int, bytes int64, err error) {
	store := setups.New(SetUps(state), setups.Tools{})
	if !r.OnlyLook {
		if err := store.Tidy(); err != nil {
			return 0, 0, err
		}
	}
	all, err := store.List()
	if err != nil {
		return 0, 0, err
	}
	for _, k := range all { // the one that was not used for longest comes first
		if !k.UsedAt.Before(r.Before) && bytes >= r.Excess {
			continue
		}
		gone := true
		if !r.OnlyLook {
			if gone, err = store.Remove(k.Key); err != nil {
				return count, bytes, err
			}
		}
		if gone {
			count, bytes = count+1, bytes+k.Bytes
		}
	}
	return count, bytes, nil
}

// Text says what a state folder takes, the largest parts first.
func (d Disk) Text(size func(int64) string) string {
	var parts []string
	for _, p := range d.Parts {
		if p.Bytes >= 1<<20 {
			parts = append(parts, p.Name+" "+size(p.Bytes))
		}
	}
	if d.AtUS == 0 { // the whole was never measured
		return strings.Join(append(parts, size(d.Free)+" free"), ", ")
	}
	text := size(d.Total) + " used"
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text + ", " + size(d.Free) + " free"
}

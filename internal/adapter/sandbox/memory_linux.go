package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
)

// Resident gives the memory that the processes of operations take now, in
// bytes, by id. Folder is the one that NewOperations was given. What an
// operation shares among its processes is counted once for each.
func Resident(folder string, ids []string) map[string]int64 {
	out := map[string]int64{}
	all := processes()
	roots := map[string]map[int]bool{}
	for _, id := range ids {
		roots[id] = map[int]bool{}
	}
	marks := map[string]string{}
	for _, id := range ids {
		marks[id] = opMark(filepath.Join(folder, id))
	}
	for _, p := range all {
		environ, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/environ")
		if err != nil || !bytes.Contains(environ, []byte(markName+"=")) {
			continue
		}
		for id, mark := range marks {
			if hasMark(environ, mark) {
				roots[id][p.pid] = true
			}
		}
	}
	for _, id := range ids {
		pids := []int{}
		for _, p := range below(all, roots[id], os.Getpid()) {
			pids = append(pids, p.pid)
		}
		out[id] = sum(&procReader{}, pids)
	}
	return out
}

// sum gives the memory that processes take.
func sum(r *procReader, pids []int) int64 {
	total := int64(0)
	for _, pid := range pids {
		total += r.resident(pid)
	}
	return total
}

// resident gives the second field of proc(5)'s statm in bytes; 0 when the
// process has ended.
func (r *procReader) resident(pid int) int64 {
	data, err := r.file(pid, "statm")
	if err != nil {
		return 0
	}
	n := 0
	for field := range bytes.FieldsSeq(data) {
		if n == 1 {
			pages, err := strconv.ParseInt(string(field), 10, 64)
			if err != nil {
				return 0
			}
			return pages * int64(os.Getpagesize())
		}
		n++
	}
	return 0
}

// peak is the most memory that a tree of processes was seen to take, in bytes.
// Together with the largest single process, which the kernel reports when it
// ends, that bounds the true peak from below.
type peak struct{ bytes atomic.Int64 }

// raise notes an amount if it is the largest yet.
func (p *peak) raise(n int64) {
	for {
		was := p.bytes.Load()
		if n <= was || p.bytes.CompareAndSwap(was, n) {
			return
		}
	}
}

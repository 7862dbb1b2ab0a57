package check

import (
	"context"
	"encoding/json"
	"sync"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// kept is what the cache holds for one judgement. A result of code that ran
// may have taken minutes: each is kept by itself, as soon as it is there. The
// results of static checks are many and cost little: those of one set of
// changed files are kept together, once all are there.
//
// A cache that fails, or holds something else, has nothing. A failure to store
// costs time later, and nothing else, so it is not reported.
type kept struct {
	cache Cache // may be nil
	name  string

	mu      sync.Mutex
	read    bool
	static  map[string]keptResult // by check
	changed bool
}

// keptResult is a result with the key of the computation that gave it.
type keptResult struct {
	Key    string          `json:"key"`
	Result evidence.Result `json:"result"`
}

func newKept(cache Cache, c change.Change) *kept {
	return &kept{cache: cache, name: evidence.Key("static", "1", "files", "", sides(c.Files))}
}

// recall gives the kept result of the same computation.
func (k *kept) recall(ctx context.Context, key string, info Info) (evidence.Result, bool) {
	if k.cache == nil {
		return evidence.Result{}, false
	}
	var res evidence.Result
	if info.Kind == Static {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.readStatic(ctx)
		r := k.static[info.Name]
		if r.Key != key {
			return evidence.Result{}, false
		}
		res = r.Result
	} else if !k.load(ctx, key, &res) {
		return evidence.Result{}, false
	}
	if res.Check != info.Name || res.Version != info.Version || !keepable(res) {
		return evidence.Result{}, false
	}
	res.Cached = true
	return res, true
}

func (k *kept) load(ctx context.Context, key string, to any) bool {
	value, ok, err := k.cache.Result(ctx, key)
	return err == nil && ok && json.Unmarshal(value, to) == nil
}

// readStatic reads the results that are kept together, when they are first
// asked for.
func (k *kept) readStatic(ctx context.Context) {
	if k.read {
		return
	}
	k.read = true
	if !k.load(ctx, k.name, &k.static) || k.static == nil {
		k.static = map[string]keptResult{}
	}
}

// keep stores a result for later.
func (k *kept) keep(ctx context.Context, key string, kind Kind, res evidence.Result) {
	if k.cache == nil || !keepable(res) {
		return
	}
	if kind != Static {
		k.store(ctx, key, res)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.readStatic(ctx)
	k.static[res.Check], k.changed = keptResult{key, res}, true
}

// write stores the results that are kept together.
func (k *kept) write(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changed {
		k.changed = false
		k.store(ctx, k.name, k.static)
	}
}

func (k *kept) store(ctx context.Context, key string, value any) {
	if data, err := json.Marshal(value); err == nil {
		_ = k.cache.PutResult(ctx, key, data)
	}
}

// keepable reports whether the same computation would give the same result
// again. What could not run, timed out, hurried or wavered may go another way.
func keepable(res evidence.Result) bool {
	return !res.Hurried && (res.Status == evidence.Passed || res.Status == evidence.Failed || res.Status == evidence.Skipped)
}

package setups

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"muster/internal/core/fault"
)

// Blocks of ports. They lie below the ports that Linux (from 32768) and macOS
// (from 49152) hand out by themselves.
const (
	firstPort = 20_000
	lastPort  = 32_000
	BlockSize = 20 // ports that a folder may use, from its base on
)

// Ports gives each folder of this machine a block of ports of its own. A
// folder keeps its block as long as it exists; no two that exist have the
// same. It is safe for concurrent use, also by several processes.
type Ports struct {
	file string

	mu    sync.Mutex
	known map[string]int // by folder
}

// NewPorts gives the blocks that are noted in a file, which need not exist.
func NewPorts(file string) *Ports { return &Ports{file: file, known: map[string]int{}} }

// block is one block that was given out.
type block struct {
	Base   int    `json:"base"`
	Folder string `json:"folder"`
}

// Base gives the first port of the folder's block.
func (p *Ports) Base(ctx context.Context, folder string) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if base, ok := p.known[folder]; ok {
		return base, nil
	}
	if err := os.MkdirAll(filepath.Dir(p.file), 0o700); err != nil {
		return 0, fault.Wrap(fault.Internal, err, "note ports in %s", p.file)
	}
	lock, err := lockFile(ctx, p.file+".lock", exclusive)
	if err != nil {
		return 0, err
	}
	defer lock.free()
	blocks, err := p.read()
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(blocks, func(b block) bool { return b.Folder == folder })
	if at < 0 {
		base := free(ctx, blocks)
		if base == 0 {
			return 0, fault.New(fault.Refused, "find free ports for %s: none of the blocks between %d and %d is", folder, firstPort, lastPort).
				WithHint("end what listens there, or remove worktrees that nothing uses: muster gc")
		}
		at, blocks = len(blocks), append(blocks, block{base, folder})
		data, err := json.Marshal(blocks)
		if err == nil {
			err = writeFile(p.file, data)
		}
		if err != nil {
			return 0, fault.Wrap(fault.Internal, err, "note ports in %s", p.file)
		}
	}
	p.known[folder] = blocks[at].Base
	return blocks[at].Base, nil
}

// read gives the blocks whose folders still exist.
func (p *Ports) read() ([]block, error) {
	data, err := os.ReadFile(p.file)
	if isGone(err) {
		return nil, nil
	}
	var blocks []block
	if err == nil {
		err = json.Unmarshal(data, &blocks)
	}
	if err != nil {
		return nil, fault.WithHint(fault.Wrap(fault.Internal, err, "read which ports are given out"), "when no worktree is in use, remove %s", p.file)
	}
	return slices.DeleteFunc(blocks, func(b block) bool {
		_, err := os.Lstat(b.Folder)
		return isGone(err)
	}), nil
}

// free finds a block that nobody has and on whose ports nobody listens; 0 when
// there is none.
func free(ctx context.Context, blocks []block) int {
	for base := firstPort; base+BlockSize <= lastPort; base += BlockSize {
		if !slices.ContainsFunc(blocks, func(b block) bool { return b.Base == base }) && isQuiet(ctx, base) {
			return base
		}
	}
	return 0
}

// isQuiet reports whether all ports of a block can be listened on.
func isQuiet(ctx context.Context, base int) bool {
	for port := base; port < base+BlockSize; port++ {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

package mirror

import "sync"

// What one door may ask for. The names of packages are the one thing that a
// process says to the outside here, so that their number is bounded: the
// largest projects need about 3,000. A registry that looks for a name where
// the name says (a Go module proxy does) carries it there.
const (
	maxNames   = 5000 // different names
	maxMissing = 300  // answers that there is nothing, before no new name is asked for; twice as many end all asking
)

// names counts what one door has asked for. A name is of an ecosystem.
type names struct {
	mu      sync.Mutex
	known   map[string]bool // whether a registry has it
	missing int
}

func newNames() *names { return &names{known: map[string]bool{}} }

// ask notes that a name is wanted, or says why it must not be asked for.
func (n *names) ask(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	exists, asked := n.known[name]
	switch {
	case n.missing >= 2*maxMissing:
		return refused("this process has asked for packages that do not exist %d times; nothing more is let through", 2*maxMissing)
	case asked && exists:
	case n.missing >= maxMissing:
		return refused("this process has asked for packages that do not exist %d times; only those that it has found are let through from now on", maxMissing)
	case !asked && len(n.known) >= maxNames:
		return refused("this process has asked for %d different packages; no others are let through", maxNames)
	case !asked:
		n.known[name] = false
	}
	return nil
}

// found notes that a registry has the name.
func (n *names) found(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[name] = true
}

// lacks notes that no registry has something: the name, or a version of it.
func (n *names) lacks() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.missing++
}

package job

// The levels of confinement, the strongest first. A level is chosen before a
// process is started; whoever starts it applies exactly that, or does not
// start it.
const (
	LevelStrict   = "strict"   // a view of the file system of its own, own processes, own network
	LevelStandard = "standard" // rules on the machine's own view; no network but the door
	LevelOff      = "off"      // all rights of the user who runs Muster
)

// networkOpen is added to a level whose network is the machine's own.
const networkOpen = ", network open"

// Levels gives everything that InForce can say, the weakest first.
func Levels() []string {
	return []string{LevelOff, LevelStandard + networkOpen, LevelStrict + networkOpen, LevelStandard, LevelStrict}
}

// InForce gives the level as evidence shows it.
func (c *Confinement) InForce() string {
	switch {
	case c == nil:
		return LevelOff
	case c.Open:
		return c.Level + networkOpen
	}
	return c.Level
}

// Confinement says what a process may touch. No confinement (nil) is
// LevelOff.
type Confinement struct {
	Level     string   `json:"level"`               // LevelStrict or LevelStandard
	Home      string   `json:"home"`                // becomes HOME, and holds the folder for temporary files; absolute, existing, writable
	Writable  []string `json:"writable,omitempty"`  // absolute, existing; the working directory must be below one of them or of Readable
	Readable  []string `json:"readable,omitempty"`  // beyond the system's own; what does not exist is left out
	Hidden    []string `json:"hidden,omitempty"`    // below what is listed, and yet neither read nor written
	Fixed     []string `json:"fixed,omitempty"`     // below Writable, and yet only read
	Open      bool     `json:"open,omitempty"`      // the network is the machine's own
	Plain     bool     `json:"plain,omitempty"`     // LevelStandard without namespaces, where the machine gives none: Landlock and a filter of calls alone
	Memory    int64    `json:"memory,omitempty"`    // bytes of address space of one process; 0 means no limit
	FileSize  int64    `json:"file_size,omitempty"` // bytes of one file; 0 means no limit
	Files     int64    `json:"files,omitempty"`     // open files of one process; 0 means no limit
	Processes int64    `json:"processes,omitempty"` // processes and threads at a time; 0 means no limit
}

// Closes says whether a level that was asked for by name closes the network,
// whether or not there is a door.
func Closes(asked string) bool { return asked == LevelStrict || asked == LevelStandard }

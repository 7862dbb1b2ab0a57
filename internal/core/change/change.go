// Package change describes a change as data: two points of a repository and
// the files that differ between them. It knows nothing of how they are read.
package change

// Point is a state of the repository. Commit may be empty when only the tree
// is known.
type Point struct {
	Commit string `json:"commit,omitempty"`
	Tree   string `json:"tree"`
}

// Status says what happened to a file.
type Status string

// What can happen to a file.
const (
	Added    Status = "added"
	Modified Status = "modified"
	Deleted  Status = "deleted"
	Renamed  Status = "renamed"
	Retyped  Status = "retyped" // file, symlink and submodule turned into one another
)

// Modes of tree entries, as Git writes them.
const (
	ModeFile       = "100644"
	ModeExecutable = "100755"
	ModeSymlink    = "120000"
	ModeSubmodule  = "160000"
	ModeNone       = "000000"
)

// File is one path that differs.
type File struct {
	Path     string `json:"path"`               // at the head, or at the base when deleted; slash-separated, may hold any byte but NUL
	OldPath  string `json:"old_path,omitempty"` // with Renamed
	Status   Status `json:"status"`
	OldMode  string `json:"old_mode"`
	NewMode  string `json:"new_mode"`
	OldBlob  string `json:"old_blob,omitempty"`
	NewBlob  string `json:"new_blob,omitempty"`
	Added    int    `json:"added"`   // lines; 0 for binary files
	Deleted  int    `json:"deleted"` // lines
	IsBinary bool   `json:"binary,omitempty"`
}

// Change is the difference between two points.
type Change struct {
	Base  Point  `json:"base"`
	Head  Point  `json:"head"`
	Files []File `json:"files"` // by path
}

// IsEmpty reports whether nothing differs.
func (c Change) IsEmpty() bool { return c.Base.Tree == c.Head.Tree }

// Lines gives the added and deleted lines of all files.
func (c Change) Lines() (added, deleted int) {
	for _, f := range c.Files {
		added += f.Added
		deleted += f.Deleted
	}
	return added, deleted
}

// Paths gives every path the change touches, old names included, in order.
func (c Change) Paths() []string {
	var out []string
	for _, f := range c.Files {
		if f.OldPath != "" {
			out = append(out, f.OldPath)
		}
		out = append(out, f.Path)
	}
	return out
}

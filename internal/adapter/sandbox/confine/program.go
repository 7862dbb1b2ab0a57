package confine

import (
	"os"
	"path/filepath"
	"strings"

	"muster/internal/core/fault"
)

// DefaultPath is searched when a process's environment has no PATH.
const DefaultPath = "/usr/local/bin:/usr/bin:/bin"

// FindProgram resolves a program as the process itself would: by its own PATH,
// or relative to its own directory. Relative entries of PATH are skipped: they
// would let the working directory choose the program.
func FindProgram(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, executable(name)
	}
	path := DefaultPath
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok {
			path = value
		}
	}
	for _, folder := range filepath.SplitList(path) {
		if file := filepath.Join(folder, name); filepath.IsAbs(folder) && executable(file) == nil {
			return file, nil
		}
	}
	return "", fault.New(fault.NotFound, "program %s was not found in PATH %s", name, path)
}

func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return fault.New(fault.NotFound, "program %s does not exist", file)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fault.New(fault.Refused, "program %s is not an executable file", file)
	}
	return nil
}

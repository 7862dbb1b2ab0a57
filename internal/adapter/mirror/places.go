package mirror

import (
	"maps"
	"net/url"
	"sync"
)

// places remembers where registries said that files of a package are, where
// that does not follow from the file's name. It is shared by all doors, so
// that what a registry says of one package counts for that package only.
type places struct {
	mu    sync.Mutex
	known map[string]map[string]*url.URL // by package, then by file
	count int
}

const maxPlaces = 200_000 // files; over it everything is forgotten, and asked anew when it is needed

func (p *places) get(pkg, file string) (*url.URL, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, ok := p.known[pkg][file]
	return u, ok
}

// set notes the files of a package. Once told, a file of one version stays
// where it is until something else is said of it.
func (p *places) set(pkg string, files map[string]*url.URL) {
	if len(files) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count += len(files); p.known == nil || p.count > maxPlaces {
		p.known, p.count = map[string]map[string]*url.URL{}, len(files)
	}
	if p.known[pkg] == nil {
		p.known[pkg] = files
		return
	}
	maps.Copy(p.known[pkg], files)
}

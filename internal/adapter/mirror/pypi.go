package mirror

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Bounds in bytes.
const (
	maxPage     = 64 << 20
	maxWheel    = 4 << 30
	maxMetadata = 16 << 20
)

var (
	pyName = newPattern(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$`)
	pyFile = newPattern(`^[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}$`)
)

const (
	simpleJSON = "application/vnd.pypi.simple.v1+json"
	simpleHTML = "text/html"
)

// python answers a request below /pypi/: INDEX/NAME/ for the page of a package,
// INDEX/NAME/FILE for one of its files.
func (x *exchange) python(u *upstreams, parts []string) error {
	if len(u.pypi) == 0 {
		return refused("no Python index is configured: pip config list, outside, has none with http or https")
	}
	if len(parts) < 2 || len(parts) > 3 || !pyName.matches(parts[1]) || len(parts) == 3 && !pyFile.matches(parts[2]) {
		return refused("the path is not one of a package: /pypi/INDEX/NAME/ and /pypi/INDEX/NAME/FILE are")
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 0 || n >= len(u.pypi) || u.pypi[n] == nil || strconv.Itoa(n) != parts[0] {
		return refused("there is no Python index with the number %s and an address of http or https: your settings have %d", printable(parts[0], 20), len(u.pypi))
	}
	p := pyExchange{exchange: x, from: u.pypi[n], name: normalName(parts[1])}
	p.path = "/pypi/" + parts[0] + "/" + p.name + "/"
	p.key = "pypi " + parts[0] + " " + p.name
	if err := x.door.names.ask("pypi " + p.name); err != nil {
		return err
	}
	if len(parts) == 3 {
		err = p.file(parts[2])
	} else {
		err = p.page()
	}
	switch {
	case err == nil:
		x.door.names.found("pypi " + p.name)
	case isMissing(err):
		x.door.names.lacks()
	}
	return err
}

// pyExchange is a request for something of one package of a Python index.
type pyExchange struct {
	*exchange
	from *base
	name string // as PEP 503 spells it
	path string // of its page at the door
	key  string // of its files' places
}

// normalName is the spelling of PEP 503.
func normalName(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(parts, "-")
}

// page answers with the page of a package, made anew from what the index
// says: with the door's addresses for files, and nothing else that leads out.
func (p pyExchange) page() error {
	page, err := p.readPage()
	if err != nil {
		return err
	}
	if strings.Contains(p.r.Header.Get("Accept"), simpleJSON) {
		body, err := page.json(p.path)
		if err != nil {
			return failed(http.StatusBadGateway, "the page of %s could not be written", p.name)
		}
		return p.text(simpleJSON, body)
	}
	return p.text(simpleHTML+"; charset=utf-8", page.html(p.path))
}

// readPage gets the page of a package and notes where its files are.
func (p pyExchange) readPage() (simplePage, error) {
	defer p.heavy()()
	q := wanted{from: p.from, url: p.from.at(url.PathEscape(p.name) + "/"), accept: simpleJSON + ", " + simpleHTML + ";q=0.1"}
	body, header, at, err := p.whole(q, maxPage)
	if err != nil {
		return simplePage{}, err
	}
	page, err := readSimple(p.name, header.Get("Content-Type"), body)
	if err != nil {
		return simplePage{}, failed(http.StatusBadGateway, "the answer of %s is no page of a Python index: %v", p.c.Host, err)
	}
	places := map[string]*url.URL{}
	kept := page.Files[:0]
	for _, f := range page.Files {
		to, err := at.Parse(f.URL)
		if err != nil {
			continue
		}
		to.Fragment, to.RawFragment = "", ""
		if f.Filename == "" {
			f.Filename = to.Path[strings.LastIndexByte(to.Path, '/')+1:]
		}
		if !pyFile.matches(f.Filename) {
			continue
		}
		places[f.Filename] = to
		kept = append(kept, f)
	}
	page.Files = kept
	p.door.mirror.places.set(p.key, places)
	return page, nil
}

// file answers with a file that the page of its package lists, or with what
// is written beside a wheel about it (PEP 658).
func (p pyExchange) file(file string) error {
	name, isMetadata := strings.CutSuffix(file, ".metadata")
	at, listed := p.door.mirror.places.get(p.key, name)
	if !listed {
		if _, err := p.readPage(); err != nil {
			return err
		}
		if at, listed = p.door.mirror.places.get(p.key, name); !listed {
			return failed(http.StatusNotFound, "%s lists no such file of %s", p.c.Host, p.name)
		}
	}
	limit := int64(maxWheel)
	if isMetadata {
		beside := *at
		beside.Path, beside.RawPath = at.Path+".metadata", ""
		at, limit = &beside, maxMetadata
	}
	return p.exchange.file(p.from, at, "application/octet-stream", limit)
}

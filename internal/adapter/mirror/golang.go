package mirror

import (
	"net/http"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// goWant is what a path of the protocol of module proxies asks for
// (go.dev/ref/mod, "GOPROXY protocol" and "Checksum database").
type goWant struct {
	module string // its path, not escaped; empty for most of the database of checksums
	sum    string // name of the database of checksums that is asked, or ""
	below  string // escaped anew, below a proxy or, with sum, below the database
	kind   string // content type
	limit  int64  // bytes
	file   bool   // passed on as it comes
}

// Bounds in bytes, as the go command has them for modules.
const (
	maxGoText = 16 << 20
	maxGoZip  = 500 << 20
	maxModule = 256
)

const plainText = "text/plain; charset=utf-8"

var (
	goQuery  = newPattern(`^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$`)
	goTile   = newPattern(`^[0-9]{1,2}/([0-9]{1,2}|data)/(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[0-9]{1,3})?$`)
	hostName = newPattern(`^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}$`)
)

// readGo reads the parts of a path below /go/. It gives false for what is no
// path of the protocol.
func readGo(parts []string) (goWant, bool) {
	n := len(parts)
	switch {
	case n >= 3 && parts[0] == "sumdb":
		return readSum(parts[1], parts[2:])
	case n >= 2 && parts[n-1] == "@latest":
		return readModule(parts[:n-1], "/@latest", goWant{kind: "application/json", limit: maxGoText})
	case n < 3 || parts[n-2] != "@v":
		return goWant{}, false
	case parts[n-1] == "list":
		return readModule(parts[:n-2], "/@v/list", goWant{kind: plainText, limit: maxGoText})
	}
	at := strings.LastIndexByte(parts[n-1], '.')
	if at < 0 {
		return goWant{}, false
	}
	version, err := module.UnescapeVersion(parts[n-1][:at])
	if err != nil {
		return goWant{}, false
	}
	w, ok := goWant{}, false
	switch parts[n-1][at:] {
	case ".info": // of a branch or a commit, too
		w, ok = goWant{kind: "application/json", limit: maxGoText}, goQuery.matches(version)
	case ".mod":
		w, ok = goWant{kind: plainText, limit: maxGoText}, semver.IsValid(version)
	case ".zip":
		w, ok = goWant{kind: "application/zip", limit: maxGoZip, file: true}, semver.IsValid(version)
	}
	escaped, err := module.EscapeVersion(version)
	if !ok || err != nil || len(version) > 128 {
		return goWant{}, false
	}
	return readModule(parts[:n-2], "/@v/"+escaped+parts[n-1][at:], w)
}

// readModule fills in the module and the address.
func readModule(parts []string, rest string, w goWant) (goWant, bool) {
	path, err := module.UnescapePath(strings.Join(parts, "/"))
	if err != nil || len(path) > maxModule {
		return goWant{}, false
	}
	escaped, err := module.EscapePath(path)
	if err != nil {
		return goWant{}, false
	}
	w.module, w.below = path, escaped+rest
	return w, true
}

// readSum reads what is asked of a database of checksums.
func readSum(name string, parts []string) (goWant, bool) {
	w := goWant{sum: name, kind: plainText, limit: maxGoText, below: strings.Join(parts, "/")}
	switch {
	case !hostName.matches(name):
		return goWant{}, false
	case w.below == "supported" || w.below == "latest":
		return w, true
	case parts[0] == "tile" && goTile.matches(strings.Join(parts[1:], "/")):
		w.kind = "application/octet-stream"
		return w, true
	case parts[0] != "lookup":
		return goWant{}, false
	}
	escaped, version, ok := strings.Cut(strings.Join(parts[1:], "/"), "@")
	v, err := module.UnescapeVersion(version)
	if !ok || err != nil || !semver.IsValid(v) || len(v) > 128 {
		return goWant{}, false
	}
	again, err := module.EscapeVersion(v)
	if err != nil {
		return goWant{}, false
	}
	got, ok := readModule(strings.Split(escaped, "/"), "@"+again, w)
	got.below = "lookup/" + got.below
	return got, ok
}

// golang answers a request below /go/.
func (x *exchange) golang(u *upstreams, parts []string) error {
	w, ok := readGo(parts)
	switch {
	case !ok:
		return refused("the path is not one of the protocol of Go module proxies")
	case len(u.golang) == 0:
		return refused("no Go module proxy is configured: go env GOPROXY, outside, has none with http or https")
	case w.sum != "":
		return x.goSum(u, w)
	case module.MatchPrefixPatterns(u.config.GoPrivate, w.module):
		return refused("the module %s is private by your settings of the go command, so that no proxy has it; download it outside first, then it is in the module cache", w.module)
	}
	if err := x.door.names.ask("go " + w.module); err != nil {
		return err
	}
	err := x.eachProxy(u.golang, func(b goBase) error { return x.goFrom(b, w) })
	switch {
	case err == nil:
		x.door.names.found("go " + w.module)
	case isMissing(err):
		x.door.names.lacks()
		return failed(http.StatusNotFound, "no Go module proxy of your settings has it (%v); version control is not asked from here", err)
	}
	return err
}

// eachProxy asks the proxies in order, as the go command does.
func (x *exchange) eachProxy(list []goBase, ask func(goBase) error) error {
	var err error
	for _, b := range list {
		if err = ask(b); err == nil || x.started || !isMissing(err) && !b.always {
			return err
		}
	}
	return err
}

func (x *exchange) goFrom(b goBase, w goWant) error {
	q := wanted{from: b.base, url: b.at(w.below), accept: "*/*"}
	if w.file {
		return x.file(q.from, q.url, w.kind, w.limit)
	}
	body, _, _, err := x.whole(q, w.limit)
	if err != nil {
		return err
	}
	return x.text(w.kind, body)
}

// goSum answers for the database of checksums: by a proxy that passes it on,
// else the database itself.
func (x *exchange) goSum(u *upstreams, w goWant) error {
	switch {
	case u.sum == nil || w.sum != u.sumName:
		return failed(http.StatusNotFound, "the database of checksums %s is not the one of your settings (go env GOSUMDB, outside)", w.sum)
	case w.below == "supported":
		return x.text(plainText, nil)
	case w.module != "" && module.MatchPrefixPatterns(u.config.GoNoSum, w.module):
		return refused("the module %s is not to be known to the database of checksums, by your settings of the go command", w.module)
	}
	if w.module != "" {
		if err := x.door.names.ask("go " + w.module); err != nil {
			return err
		}
	}
	from, err := x.sumFrom(u)
	if err != nil {
		return err
	}
	if from != u.sum {
		w.below = "sumdb/" + w.sum + "/" + w.below
	}
	err = x.goFrom(goBase{base: from}, w)
	switch {
	case isMissing(err):
		x.door.names.lacks()
	case err == nil && w.module != "":
		x.door.names.found("go " + w.module)
	}
	return err
}

// sumFrom gives who is asked for the database of checksums: the first proxy
// that says that it passes it on, else the database itself.
func (x *exchange) sumFrom(u *upstreams) (*base, error) {
	m := x.door.mirror
	m.mu.Lock()
	known := u.sumFrom
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	from := u.sum
	err := x.eachProxy(u.golang, func(b goBase) error {
		_, _, _, err := x.whole(wanted{from: b.base, url: b.at("sumdb/" + u.sumName + "/supported"), accept: "*/*"}, maxGoText)
		if err == nil {
			from = b.base
		}
		return err
	})
	if err != nil && !isMissing(err) {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	u.sumFrom = from
	return from, nil
}

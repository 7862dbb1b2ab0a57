package mirror

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// npmWant is what a path of the protocol of npm registries asks for. The parts
// are checked; a name is never one of the registry's own paths ("-").
type npmWant struct {
	scope   string // "@mine", or ""
	name    string // with its scope
	version string // a version or a tag: its manifest alone
	file    string // path of a tarball, as the registry has it, without the path of the registry itself
}

// Bounds in bytes.
const (
	maxPackument = 64 << 20
	maxTarball   = 1 << 30
	maxNPMName   = 214 // as npm has it
)

var (
	npmName    = newPattern(`^[A-Za-z0-9~][A-Za-z0-9._~-]*$`)
	npmScope   = newPattern(`^@[A-Za-z0-9~-][A-Za-z0-9._~-]*$`)
	npmVersion = newPattern(`^[A-Za-z0-9][A-Za-z0-9.+-]{0,127}$`)
	npmOther   = newPattern(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$`)
)

// readNPM reads the parts of a path below a registry. It gives false for what
// is none of: a package, one version of it, a tarball.
func readNPM(parts []string) (npmWant, bool) {
	w := npmWant{}
	rest := parts
	if len(rest) > 1 && npmScope.matches(rest[0]) {
		w.scope, rest = rest[0], rest[1:]
	}
	if len(rest) == 0 || !npmName.matches(rest[0]) {
		return npmWant{}, false
	}
	name := rest[0]
	if w.name = name; w.scope != "" {
		w.name = w.scope + "/" + name
	}
	if len(w.name) > maxNPMName {
		return npmWant{}, false
	}
	switch rest = rest[1:]; {
	case len(rest) == 0:
		return w, true
	case len(rest) == 1 && npmVersion.matches(rest[0]):
		w.version = rest[0]
		return w, true
	}
	return readTarball(parts)
}

// readTarball reads the path of a tarball: [@scope/]name/-/name-version.tgz, as
// most registries have it, the same below folders of the registry's own, or any
// that names the package in a scope: download/@mine/name/1.0.0/0123abcd.
func readTarball(parts []string) (npmWant, bool) {
	n := len(parts)
	if n > 10 {
		return npmWant{}, false
	}
	at := slices.IndexFunc(parts, npmScope.matches)
	w := npmWant{file: strings.Join(parts, "/")}
	switch {
	case at >= 0 && at+2 < n:
		w.scope, w.name = parts[at], parts[at+1]
	case at < 0 && n >= 3 && parts[n-2] == "-":
		w.name = parts[n-3]
	}
	for i, p := range parts {
		if i != at && !npmOther.matches(p) && (p != "-" || i != n-2) {
			return npmWant{}, false
		}
	}
	if n >= 2 && parts[n-2] == "-" {
		version, isOfName := strings.CutPrefix(parts[n-1], w.name+"-")
		version, isTarball := strings.CutSuffix(version, ".tgz")
		if !isOfName || !isTarball || !npmVersion.matches(version) {
			return npmWant{}, false
		}
	}
	if !npmName.matches(w.name) {
		return npmWant{}, false
	}
	if w.scope != "" {
		w.name = w.scope + "/" + w.name
	}
	return w, len(w.name) <= maxNPMName
}

// cutPrefix takes the path of the door, and that of a registry, from the parts:
// npm puts the path that a lockfile names below its registry, or in its place.
func (u *upstreams) cutPrefix(parts []string) (rest []string, below bool) {
	if below = parts[0] == "npm"; below {
		rest = parts[1:]
	} else {
		rest = parts
	}
	if len(parts) < 3 || parts[len(parts)-2] != "-" {
		return rest, below
	}
	for _, prefix := range u.npmPaths {
		for _, from := range [][]string{parts, rest} {
			if len(from) > len(prefix) && slices.Equal(from[:len(prefix)], prefix) {
				return from[len(prefix):], below
			}
		}
	}
	return rest, below
}

// npm answers a request for something of an npm registry: all below /npm/, and
// tarballs at any of the addresses that npm makes of those in a lockfile.
func (x *exchange) npm(u *upstreams, parts []string) error {
	rest, below := u.cutPrefix(parts)
	w, ok := readNPM(rest)
	switch {
	case !ok && len(rest) > 0 && rest[0] == "-":
		return refused("of an npm registry only packages are let through, no search, account or audit")
	case !ok || !below && w.file == "":
		return refused("the path is not one of a package: /go/, /npm/ and /pypi/ are")
	}
	from := u.npm
	if own, set := u.scopes[w.scope]; set {
		from = own
	}
	if from == nil {
		return refused("no npm registry is configured for it: npm config, outside, has none with http or https")
	}
	if err := x.door.names.ask("npm " + w.name); err != nil {
		return err
	}
	err := npmExchange{exchange: x, from: from, npmWant: w}.answer()
	switch {
	case err == nil:
		x.door.names.found("npm " + w.name)
	case isMissing(err):
		x.door.names.lacks()
	}
	return err
}

// npmExchange is a request for something of one package of a registry.
type npmExchange struct {
	*exchange
	npmWant
	from *base
}

func (x npmExchange) answer() error {
	if x.npmWant.file != "" {
		return x.tarball()
	}
	if strings.HasPrefix(x.r.UserAgent(), "npm/") {
		return x.pass(x.question(), maxPackument, npmKind)
	}
	body, kind, err := x.packument()
	if err != nil {
		return err
	}
	return x.text(kind, body)
}

// tarball answers with a file of a package: where it was said to be, else where
// most registries have it, else where the registry says that it is.
func (x npmExchange) tarball() error {
	const kind = "application/octet-stream"
	from, w := x.from, x.npmWant
	at, listed := x.door.mirror.places.get("npm "+w.name, w.file)
	if !listed && strings.HasPrefix(w.file, w.name+"/-/") {
		err := x.exchange.file(from, from.at(escapeParts(w.file)), kind, maxTarball)
		if !isMissing(err) || x.started {
			return err
		}
	}
	if !listed {
		if _, _, err := x.packument(); err != nil {
			return err
		}
		if at, listed = x.door.mirror.places.get("npm "+w.name, w.file); !listed {
			return failed(http.StatusNotFound, "%s lists no such file of %s", x.c.Host, w.name)
		}
	}
	return x.exchange.file(from, at, kind, maxTarball)
}

const (
	npmShort = "application/vnd.npm.install-v1+json"
	npmFull  = "application/json"
)

// npmKind gives the content type of what is said of a package.
func npmKind(said string) string {
	if strings.HasPrefix(said, npmShort) {
		return npmShort
	}
	return npmFull
}

// question is the one for what is said of a package.
func (x npmExchange) question() wanted {
	below := url.PathEscape(x.name)
	if x.version != "" {
		below += "/" + url.PathEscape(x.version)
	}
	q := wanted{from: x.from, url: x.from.at(below), accept: npmFull}
	if strings.Contains(x.r.Header.Get("Accept"), npmShort) {
		q.accept = npmShort + "; q=1.0, " + npmFull + "; q=0.8"
	}
	return q
}

// packument gets what the registry says of a package, and notes where its
// tarballs are. npm itself takes tarballs from its registry wherever they are
// said to be (replace-registry-host), and notes in lockfiles what is said: to
// npm all is passed on as it is. For everybody else, here, the addresses are
// made addresses of the door.
func (x npmExchange) packument() (body []byte, kind string, err error) {
	defer x.heavy()()
	from, w := x.from, x.npmWant
	body, header, at, err := x.whole(x.question(), maxPackument)
	if err != nil {
		return nil, "", err
	}
	found := map[string]*url.URL{}
	body, err = rewriteTarballs(body, func(version, address string) string {
		to, err := at.Parse(address)
		if err != nil || !npmVersion.matches(version) {
			return address
		}
		if to.Host == from.url.Host {
			to.Scheme = from.url.Scheme // a registry behind another server may not know that it is encrypted
		}
		own := strings.TrimPrefix(to.EscapedPath(), strings.TrimSuffix(from.url.EscapedPath(), "/"))
		usual := w.name + "/-/" + w.name[strings.LastIndexByte(w.name, '/')+1:] + "-" + version + ".tgz"
		if to.Host != from.url.Host || own != "/"+usual {
			found[usual] = to
			if path, ok := split(own); ok {
				found[strings.Join(path, "/")] = to
			}
		}
		return "http://" + printable(x.r.Host, 300) + "/npm/" + escapeParts(usual)
	})
	if err != nil {
		return nil, "", failed(http.StatusBadGateway, "the answer of %s is none of an npm registry: %v", x.c.Host, err)
	}
	x.door.mirror.places.set("npm "+w.name, found)
	return body, npmKind(header.Get("Content-Type")), nil
}

// escapeParts escapes the parts of a path.
func escapeParts(path string) string {
	var out []string
	for part := range strings.SplitSeq(path, "/") {
		out = append(out, url.PathEscape(part))
	}
	return strings.Join(out, "/")
}

// Package registry asks registries of packages whether a package exists: a Go
// module proxy (GOPROXY protocol), an npm registry, a Python index (PEP 503
// and 691), and a sparse index of crates.
//
// Which registries are asked is data of the caller, who takes it from the
// user's own settings, never from a repository. Nothing is asked of an
// ecosystem without an address. "Not there" is only what the registry says
// itself: 404 or 410. A refusal, a failure and a timeout are not known.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"muster/internal/core/fault"
	"muster/internal/core/registries"
)

// Bounds on one question.
const (
	limit        = 10 * time.Second // one request, its answer read
	maxBody      = 8 << 20          // bytes of an answer that are read; what is cut off says only that the package exists
	maxRedirects = 3
)

// Answer is what a registry says of a package.
type Answer struct {
	Known      bool      // it could be asked and gave an answer
	Exists     bool      // it has a package of that name
	HasVersion bool      // it has the version that was asked for; true when none was, or when it does not say
	First      time.Time // when the package was first published; zero when it does not say
}

// Registry asks, and remembers answers as long as it lives. Its methods may be
// called from several goroutines.
type Registry struct {
	config registries.Config
	client *http.Client

	mu    sync.Mutex
	known map[string]Answer
}

// New gives a registry.
func New(c registries.Config) *Registry {
	client := &http.Client{
		Timeout: limit,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("it was redirected too often")
			}
			if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return errors.New("it was redirected to an address without encryption")
			}
			return nil
		},
	}
	return &Registry{config: c, client: client, known: map[string]Answer{}}
}

// Look asks about one package. The ecosystem is go, npm, pypi or cargo; the
// version may be empty. An answer that is not known comes with the reason.
func (r *Registry) Look(ctx context.Context, ecosystem, name, version string) (Answer, error) {
	key := ecosystem + " " + name + " " + version
	r.mu.Lock()
	a, ok := r.known[key]
	r.mu.Unlock()
	if ok {
		return a, nil
	}
	a, err := r.ask(ctx, ecosystem, name, version)
	if err != nil {
		return Answer{}, fault.Wrap(fault.Transient, err, "ask for the %s package %.100q", ecosystem, name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[key] = a
	return a, nil
}

func (r *Registry) ask(ctx context.Context, ecosystem, name, version string) (Answer, error) {
	switch ecosystem {
	case "go":
		return r.askGo(ctx, name, version)
	case "npm":
		return r.askNPM(ctx, name, version)
	case "pypi":
		return r.askPyPI(ctx, name, version)
	case "cargo":
		return r.askCargo(ctx, name, version)
	}
	return Answer{}, fault.New(fault.NotFound, "no registry is known for this ecosystem")
}

// errGone is what get gives for 404 and 410: the registry knows that there is
// nothing.
var errGone = errors.New("it is not there")

// get reads what stands at base/below. The parts of below are escaped already.
func (r *Registry) get(ctx context.Context, base, below, accept string) (body []byte, whole bool, err error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, false, fault.New(fault.Invalid, "the configured address is no http or https address")
	}
	u.Path, u.RawPath, u.RawQuery, u.Fragment = joined(u, below)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, false, fault.New(fault.Invalid, "the address for it could not be built")
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "muster")
	res, err := r.client.Do(req)
	if err != nil {
		return nil, false, fault.New(fault.Transient, "%s gave no answer: %v", u.Host, reason(err))
	}
	defer func() { _ = res.Body.Close() }() // all that is wanted has been read
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return nil, false, errGone
	case res.StatusCode != http.StatusOK:
		return nil, false, fault.New(fault.Refused, "%s answered with status %d", u.Host, res.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, false, fault.New(fault.Transient, "the answer of %s broke off: %v", u.Host, reason(err))
	}
	return body[:min(len(body), maxBody)], len(body) <= maxBody, nil
}

// joined gives the path of an address with more below it.
func joined(u *url.URL, below string) (decoded, raw, query, fragment string) {
	raw = strings.TrimSuffix(u.EscapedPath(), "/") + "/" + below
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		decoded = raw
	}
	return decoded, raw, "", ""
}

// reason leaves the address out of an error, which may hold a password.
func reason(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		if u.Timeout() {
			return errors.New("it took too long")
		}
		return u.Err
	}
	return err
}

func (r *Registry) askNPM(ctx context.Context, name, version string) (Answer, error) {
	base := r.config.NPM
	if scope, _, ok := strings.Cut(name, "/"); ok {
		if own := r.config.NPMScopes[scope]; own != "" {
			base = own
		}
	}
	if base == "" {
		return Answer{}, unconfigured("npm")
	}
	body, whole, err := r.get(ctx, base, url.PathEscape(name), "application/json")
	if errors.Is(err, errGone) {
		return Answer{Known: true}, nil
	}
	if err != nil {
		return Answer{}, err
	}
	var doc struct {
		Time     map[string]string
		Versions map[string]struct{}
	}
	a := Answer{Known: true, Exists: true, HasVersion: true}
	if !whole {
		return a, nil
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return Answer{}, fault.New(fault.Transient, "the npm registry's answer is no JSON")
	}
	if len(doc.Versions) == 0 { // all were taken back
		return Answer{Known: true}, nil
	}
	if version != "" {
		_, a.HasVersion = doc.Versions[version]
	}
	a.First = parseTime(doc.Time["created"])
	return a, nil
}

// askPyPI asks every index: a package is not there when none has it.
func (r *Registry) askPyPI(ctx context.Context, name, version string) (Answer, error) {
	if len(r.config.PyPI) == 0 {
		return Answer{}, unconfigured("Python")
	}
	var failed error
	for _, base := range r.config.PyPI {
		body, whole, err := r.get(ctx, base, url.PathEscape(normal(name))+"/", "application/vnd.pypi.simple.v1+json, text/html;q=0.1")
		switch {
		case errors.Is(err, errGone):
			continue
		case err != nil:
			failed = err
			continue
		}
		if !whole {
			return Answer{Known: true, Exists: true, HasVersion: true}, nil
		}
		return pythonAnswer(body, version), nil
	}
	if failed != nil {
		return Answer{}, failed
	}
	return Answer{Known: true}, nil
}

// pythonAnswer reads PEP 691 and 700. An older index answers in HTML, which
// says only that the package is there.
func pythonAnswer(body []byte, version string) Answer {
	a := Answer{Known: true, Exists: true, HasVersion: true}
	var doc struct {
		Versions []string
		Files    []struct {
			Time string `json:"upload-time"`
		}
	}
	if json.Unmarshal(body, &doc) != nil {
		return a
	}
	if version != "" && len(doc.Versions) > 0 {
		a.HasVersion = false
		for _, v := range doc.Versions {
			a.HasVersion = a.HasVersion || release(v) == release(version)
		}
	}
	for _, f := range doc.Files {
		if t := parseTime(f.Time); !t.IsZero() && (a.First.IsZero() || t.Before(a.First)) {
			a.First = t
		}
	}
	return a
}

// release makes "1.0" and "1.0.0" equal, as PEP 440 has it.
func release(v string) string {
	v = strings.ToLower(strings.TrimPrefix(v, "v"))
	for strings.HasSuffix(v, ".0") {
		v = strings.TrimSuffix(v, ".0")
	}
	return v
}

// normal is the spelling of PEP 503.
func normal(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(parts, "-")
}

// askCargo asks the sparse index, whose folders are made of the name's first
// letters (The Cargo Book, "Registry Index").
func (r *Registry) askCargo(ctx context.Context, name, version string) (Answer, error) {
	if r.config.Cargo == "" {
		return Answer{}, unconfigured("crates")
	}
	base := strings.TrimPrefix(r.config.Cargo, "sparse+")
	for _, spelling := range []string{name, strings.ReplaceAll(name, "_", "-"), strings.ReplaceAll(name, "-", "_")} {
		body, whole, err := r.get(ctx, base, cratePath(strings.ToLower(spelling)), "*/*")
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return Answer{}, err
		}
		a := crateAnswer(body, version)
		a.HasVersion = a.HasVersion || !whole
		return a, nil
	}
	return Answer{Known: true}, nil
}

func cratePath(name string) string {
	escaped := url.PathEscape(name)
	switch {
	case len(name) < 3:
		return path.Join(fmt.Sprint(len(name)), escaped)
	case len(name) == 3:
		return path.Join("3", url.PathEscape(name[:1]), escaped)
	}
	return path.Join(url.PathEscape(name[:2]), url.PathEscape(name[2:4]), escaped)
}

func crateAnswer(body []byte, version string) Answer {
	a := Answer{Known: true, Exists: true, HasVersion: version == ""}
	for line := range strings.Lines(string(body)) {
		var v struct {
			Vers    string
			Pubtime string
		}
		if json.Unmarshal([]byte(line), &v) != nil {
			continue
		}
		a.HasVersion = a.HasVersion || v.Vers == version
		if t := parseTime(v.Pubtime); !t.IsZero() && (a.First.IsZero() || t.Before(a.First)) {
			a.First = t
		}
	}
	return a
}

func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

func unconfigured(what string) error {
	return fault.New(fault.NotFound, "no registry for %s packages is configured", what)
}

package registry

import (
	"context"
	"errors"
	"net/url"

	"golang.org/x/mod/module"

	"muster/internal/core/fault"
	"muster/internal/core/registries"
)

// askGo asks the proxies in order, as the go command does. A module that no
// proxy has is not there, unless it is one that proxies are not to know.
func (r *Registry) askGo(ctx context.Context, name, version string) (Answer, error) {
	list := registries.Proxies(r.config.GoProxy)
	if len(list) == 0 {
		return Answer{}, unconfigured("Go")
	}
	if module.MatchPrefixPatterns(r.config.GoPrivate, name) {
		return Answer{}, fault.New(fault.NotFound, "it is private, by the settings of the go command")
	}
	escaped, err := module.EscapePath(name)
	if err != nil {
		return Answer{}, fault.New(fault.Invalid, "it is no path of a module")
	}
	for _, p := range list {
		a, err := r.askProxy(ctx, p.Base, escaped, version)
		switch {
		case err == nil && a.Exists && a.HasVersion:
			return a, nil
		case err != nil && !p.Always:
			return Answer{}, err
		case err != nil:
			continue
		}
		if a.Exists {
			return a, nil
		}
	}
	if last := list[len(list)-1]; last.Always {
		if _, err := r.askProxy(ctx, last.Base, escaped, version); err != nil {
			return Answer{}, err
		}
	}
	return Answer{Known: true}, nil
}

// askProxy asks one proxy for the version, and when it does not have it, for
// any version at all.
func (r *Registry) askProxy(ctx context.Context, base, escaped, version string) (Answer, error) {
	if version != "" {
		v, err := module.EscapeVersion(version)
		if err != nil {
			return Answer{}, fault.New(fault.Invalid, "its version is none")
		}
		_, _, err = r.get(ctx, base, escaped+"/@v/"+url.PathEscape(v)+".info", "application/json")
		if err == nil {
			return Answer{Known: true, Exists: true, HasVersion: true}, nil
		}
		if !errors.Is(err, errGone) {
			return Answer{}, err
		}
	}
	_, _, err := r.get(ctx, base, escaped+"/@latest", "application/json")
	switch {
	case err == nil:
		return Answer{Known: true, Exists: true, HasVersion: version == ""}, nil
	case errors.Is(err, errGone):
		return Answer{Known: true}, nil
	}
	return Answer{}, err
}

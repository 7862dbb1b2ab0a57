package config

import (
	"path"
	"strings"

	"muster/internal/core/yamlfile"
)

// PersonFile is the file of the person's own settings, in the folder muster
// below XDG_CONFIG_HOME. No repository can set what stands there.
const PersonFile = "person.yaml"

// Person is what a person has set for all repositories.
type Person struct {
	SigningKey string // path of an ed25519 private key; below the home folder when it begins with ~/; empty: Muster's own key
}

// ParsePerson reads a person's settings and names everything that is wrong
// with them. With an error among the problems nothing is set.
func ParsePerson(name string, data []byte) (Person, []yamlfile.Problem) {
	f := yamlfile.Read(name, data)
	var p Person
	root := f.Root()
	if f.Map(root, "version", "signing_key") {
		f.Version(root.Get("version"), Version)
		if n := root.Get("signing_key"); n != nil {
			p.SigningKey = f.Line(n, maxText)
			if !path.IsAbs(p.SigningKey) && !strings.HasPrefix(p.SigningKey, "~/") && !f.Failed() {
				f.Errorf(n, "write ~/.ssh/id_ed25519, or an absolute path", "%s is no absolute path", yamlfile.Quote(p.SigningKey))
			}
		}
	}
	if f.Failed() {
		p = Person{}
	}
	return p, f.Problems()
}

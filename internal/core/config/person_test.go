package config_test

import (
	"strings"
	"testing"

	"muster/internal/core/config"
	"muster/internal/core/yamlfile"
)

func TestParsePerson(t *testing.T) {
	for _, c := range []struct{ text, key, problem string }{
		{"", "", ""},
		{"version: 1\n", "", ""},
		{"version: 1\nsigning_key: ~/.ssh/id_ed25519\n", "~/.ssh/id_ed25519", ""},
		{"version: 1\nsigning_key: /keys/mine\n", "/keys/mine", ""},
		{"version: 1\nsigning_key: keys/mine\n", "", "is no absolute path"},
		{"version: 1\nsigning_keys: /keys/mine\n", "", "signing_key"},
		{"version: 9\nsigning_key: /keys/mine\n", "", "version"},
		{"signing_key: [a]\n", "", "signing_key"},
	} {
		p, problems := config.ParsePerson("person.yaml", []byte(c.text))
		err := yamlfile.AsError("read person.yaml", problems)
		if p.SigningKey != c.key || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q gives %+v, %v", c.text, p, err)
		}
	}
}

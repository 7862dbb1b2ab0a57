package taint

import (
	"path"
	"slices"
	"strings"
)

// secretPlaces are files and folders of a person's home in which programs keep
// keys, logins and passwords, by their documentation.
func secretPlaces() []string {
	return strings.Fields(`.ssh .gnupg .aws .azure .config/gcloud .kube .docker .oci .terraform.d .vault-token
		.netrc .git-credentials .config/git .config/gh .config/glab-cli .config/hub .npmrc .yarnrc.yml .pypirc .config/pip .gem/credentials .bundle/config
		.cargo/credentials .cargo/credentials.toml .m2/settings.xml .gradle/gradle.properties .pgpass .my.cnf .config/rclone .config/op .config/sops
		.password-store .local/share/keyrings .mozilla .config/google-chrome .config/chromium .thunderbird
		.claude .claude.json .codex .gemini .copilot .qwen .local/share/opencode .config/doctl .config/heroku .config/fly .fly .wrangler .config/wrangler
		.bash_history .zsh_history .config/muster .local/state/muster`)
}

// IsSecretPlace says whether a path of the machine, absolute and clean, is
// known as a place of secrets, is below such a place, or holds one. Home is the
// person's.
func IsSecretPlace(at, home string) bool {
	for _, p := range secretPlaces() {
		place := path.Join(home, p)
		if under(at, place) || under(place, at) {
			return true
		}
	}
	return false
}

// IsSecret is IsSecretPlace, and true of files whose names say that they hold
// secrets, wherever they are. A path of which nothing is known is none: it may
// hold secrets all the same.
func IsSecret(at, home string) bool {
	if IsSecretPlace(at, home) {
		return true
	}
	name := strings.ToLower(path.Base(at))
	for _, part := range []string{"secret", "passw", "credential", "apikey", "id_rsa", "id_ed25519", "id_ecdsa"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' })
	for _, w := range []string{"key", "keys", "token", "tokens", "env", "pem", "pfx", "kdbx", "keystore", "jks"} {
		if slices.Contains(words, w) {
			return true
		}
	}
	return false
}

// under says whether a path is a folder or below it.
func under(at, dir string) bool {
	return at == dir || strings.HasPrefix(at, strings.TrimSuffix(dir, "/")+"/")
}

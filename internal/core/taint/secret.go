package taint

import (
	"path"
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

// secretWords are in names of files that hold secrets, wherever they are.
func secretWords() []string {
	return []string{"key", "token", "secret", "passw", "credential", ".pem", ".p12", ".pfx", ".kdbx", "id_rsa", "id_ed25519", ".env"}
}

// IsSecret says whether a path of the machine, absolute and clean, is known as a
// place of secrets, is below such a place, or holds one. Home is the person's.
// A path of which nothing is known is none: it may hold secrets all the same.
func IsSecret(at, home string) bool {
	for _, p := range secretPlaces() {
		place := path.Join(home, p)
		if under(at, place) || under(place, at) {
			return true
		}
	}
	name := strings.ToLower(path.Base(at))
	for _, w := range secretWords() {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// under says whether a path is a folder or below it.
func under(at, dir string) bool {
	return at == dir || strings.HasPrefix(at, strings.TrimSuffix(dir, "/")+"/")
}

package taint_test

import (
	"testing"

	"muster/internal/core/taint"
)

func TestIsSecret(t *testing.T) {
	for at, want := range map[string]bool{
		"/home/me/.ssh": true, "/home/me/.ssh/id": true, "/home/me/.aws/credentials": true, "/home/me/.config": true, "/home/me": true, "/": true,
		"/srv/deploy.pem": true, "/srv/deploy-key": true, "/srv/x.key": true, "/srv/MyPasswords": true, "/srv/API_TOKEN": true, "/home/me/work/.env.local": true, "/home/me/.config/gh/hosts.yml": true,
		"/home/me/docs": false, "/srv/keyboard": false, "/srv/tokenizer.json": false, "/srv/environment": false, "/home/me/.sshx": false, "/home/you/.ssh": false, "/srv/data": false, "/home/me/.config/bot": false, "/home/me/.vimrc": false,
	} {
		if got := taint.IsSecret(at, "/home/me"); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// Where a link leads counts by places alone: a name says little there.
func TestIsSecretPlace(t *testing.T) {
	for at, want := range map[string]bool{"/home/me/.ssh/id": true, "/home/me/.config": true, "/srv/deploy.pem": false, "/home/me/docs": false} {
		if got := taint.IsSecretPlace(at, "/home/me"); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

package taint_test

import (
	"testing"

	"muster/internal/core/taint"
)

func TestIsSecret(t *testing.T) {
	for at, want := range map[string]bool{
		"/home/me/.ssh": true, "/home/me/.ssh/id": true, "/home/me/.aws/credentials": true, "/home/me/.config": true, "/home/me": true, "/": true,
		"/srv/deploy.pem": true, "/srv/API_TOKEN": true, "/home/me/work/.env.local": true, "/home/me/.config/gh/hosts.yml": true,
		"/home/me/docs": false, "/home/me/.sshx": false, "/home/you/.ssh": false, "/srv/data": false, "/home/me/.config/bot": false, "/home/me/.vimrc": false,
	} {
		if got := taint.IsSecret(at, "/home/me"); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}

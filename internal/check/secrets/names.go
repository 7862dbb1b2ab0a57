package secrets

import (
	"fmt"
	"path"
	"strings"

	"muster/internal/check"
	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// risky is a sort of file that holds secrets and little else.
type risky struct {
	rule, what, pattern string
	level               evidence.Level
}

func riskyFiles() []risky {
	return []risky{
		{"key_file", "a private key of ssh", `^id_(rsa|dsa|ecdsa|ed25519)(_\w+)?$`, evidence.Gate},
		{"key_file", "a store of keys and certificates", `\.(p12|pfx|jks|keystore|kdbx|ppk|pkcs12|bcfks)$`, evidence.Gate},
		{"state_file", "a state of Terraform, which holds every value it manages in clear", `^terraform\.tfstate(\.backup)?$|\.tfstate$`, evidence.Gate},
		{"credentials_file", "credentials", `^(\.netrc|_netrc|\.pgpass|\.git-credentials|\.htpasswd|\.pypirc|\.dockercfg|\.s3cfg|\.boto|\.my\.cnf|credentials|credentials\.json|client_secrets?\.json|service[-_]?account[\w-]*\.json|kubeconfig|\.kubeconfig|master\.key|secring\.gpg|wp-config\.php|\.remote-sync\.json|\.ftpconfig)$`, evidence.Locator},
		{"env_file", "settings that are usually kept out of the repository, with passwords among them", `^\.env(\.(local|production|prod|staging|development|dev|live))?$|^\.envrc\.local$|\w\.env$`, evidence.Locator},
	}
}

// byName points at a new file whose name says that it holds secrets. What is
// written in it is judged apart.
func (j *judgement) byName(f change.File) {
	base := strings.ToLower(path.Base(f.Path))
	if strings.HasSuffix(base, ".pub") {
		return
	}
	for _, r := range riskyFiles() {
		if !j.detector.regexp(r.pattern).MatchString(base) || f.Status == change.Renamed && j.detector.regexp(r.pattern).MatchString(strings.ToLower(path.Base(f.OldPath))) {
			continue
		}
		level := r.level
		if j.detector.sortOf(f.Path) == aside || isDebug(base) {
			level = evidence.Context
		}
		j.findings = append(j.findings, evidence.NewFinding(evidence.Finding{
			Check: Name, Rule: r.rule, Level: level, Grade: evidence.Observed, Path: f.Path,
			Message:   fmt.Sprintf("%s is new, and by its name it is %s.", check.ShowPath(f.Path), r.what),
			Reproduce: check.DiffCommand(j.s.Request.Base.Tree, j.s.Request.Head.Tree, f.Path),
		}, f.NewBlob))
		return
	}
}

// isDebug: the key with which every Android project signs for its developers,
// and stores that hold only certificates of others.
func isDebug(base string) bool {
	return strings.Contains(base, "debug") || strings.Contains(base, "trust") || strings.Contains(base, "cacerts")
}

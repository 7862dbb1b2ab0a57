package seeded

import (
	"slices"
	"strings"
)

// secrets gives edits that leak credentials, and such that only look like it.
// The values are made up; the parts are joined so that no scanner of this tree
// takes them for real ones.
func secrets() []Edit {
	value := func(name string, benign bool, claim, file, text string) Edit {
		return Edit{Mode: "secrets", Name: name, Benign: benign, Apply: func(p *Project) bool {
			p.Claim = claim
			if file != "" {
				p.Files[file] += text
				p.Where = []string{file}
				return true
			}
			return p.append(text, strings.ReplaceAll(text, "const ", ""), text+";")
		}}
	}
	aws := "AKIA" + "QYLPMN5HHHFPZAM2"
	return []Edit{
		value("aws", false, "Configure storage", "deploy/storage.env", "AWS_ACCESS_KEY_ID="+aws+"\nAWS_SECRET_ACCESS_KEY="+"kqXz7d0G1uVbY2nRtPw9sLmE4hJc8aFo"+"5iTQ3vBx\n"),
		value("github", false, "Call the API", "", "const token = \"ghp_"+"1a9Kd82LmQzX7cVbN3wErTyUiOpA5sDfGh4J\"\n"),
		value("password", false, "Connect to the database", "config/database.yaml", "host: db.internal\nuser: app\npassword: "+"Tr0ub4dor-7Xq!9zK"+"\n"),
		value("private-key", false, "Sign requests", "keys/sign.pem", "-----BEGIN RSA PRIVATE"+" KEY-----\nMIIEpAIBAAKCAQEAv3kQ7h2mZ9x1cRtY8uWpLd0sNfGjHbEaKqVzXo5iTyUmPwQr\nB4nC6vD8eF2gS1hJ3kL5zX7cV9bN0mQwErTyUiOpAsDfGhJkLzXcVbNmQ1w2E3r4\n-----END RSA PRIVATE"+" KEY-----\n"),
		value("url", false, "Send events", "", "const broker = \"amqp://events:"+"fJ8sQ2vLx9Zr4TnB@mq.prod.acme-logistics.io:5672/main\"\n"),
		value("slack", false, "Notify the team", "", "const hook = \"https://hooks.slack.com/"+"services/T03KX9QZL/B05MN7WRTYP/k3JdX9vQpL2sZr8TnB4mYcHf\"\n"),
		value("jwt", false, "Keep a session", "", "const session = \"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."+"eyJzdWIiOiI4ODEyMzQ1IiwibmFtZSI6IkphbmUifQ.Yp0vW3sKx9RcTgL2hQmZbN7dJ4uEoF8aVi6rHyXw1Ck\"\n"),
		value("env", false, "Add settings", ".env", "STRIPE_SECRET_KEY=sk_live_"+"51HxYq2LmQzX7cVbN3wErTyUiOpA5sDf\n"),
		value("placeholder", true, "Document settings", "config/example.env", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nPASSWORD=changeme\nAPI_TOKEN=<your token>\nSECRET=${SECRET}\n"),
		value("from-environment", true, "Read the token", "config/app.yaml", "token: ${API_TOKEN}\npassword_file: /run/secrets/db\nsecret_name: app-credentials\n"),
		value("checksum", true, "Pin a download", "tools.lock", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  tool.tar.gz\ncommit: 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"),
		value("uuid", true, "Add an id", "", "const namespace = \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"\n"),
		value("words", true, "Name the header", "", "const passwordHeader = \"X-Password-Reset\"\n"),
		value("public-key", true, "Trust a signer", "keys/sign.pub", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEv3kQ7h2mZ9x1cRtY8uWpLd0sNfGj\nHbEaKqVzXo5iTyUmPwQrB4nC6vD8eF2gS1hJ3kL5zX7cV9bN0mQwEg==\n-----END PUBLIC KEY-----\n"),
		value("fixture", true, "Test the login", "testdata/login.json", "{\"user\": \"test\", \"password\": \"test-password\"}\n"),
		value("long-name", true, "Add a route", "", "const route = \"/v1/accounts/settings/passwordless/verification\"\n"),
	}
}

// dependencies gives edits of what a project is built from.
func dependencies() []Edit { return slices.Concat(badDependencies(), goodDependencies()) }

func dep(name string, benign bool, apply func(p *Project) bool) Edit {
	return Edit{Mode: "dependencies", Name: name, Benign: benign, Apply: apply}
}

// manifest makes an edit that replaces text of a manifest.
func manifest(file, old, text, claim string) func(p *Project) bool {
	return func(p *Project) bool {
		if !strings.Contains(p.Files[file], old) {
			return false
		}
		p.Files[file] = strings.Replace(p.Files[file], old, text, 1)
		p.Files[file] = strings.Replace(p.Files[file], ",}", "\n  }", 1) // there were none before
		p.Claim, p.Where = claim, []string{file}
		return true
	}
}

// imported makes an edit that imports something into the first source file.
func imported(claim, goText, pyText, jsText string) func(p *Project) bool {
	return func(p *Project) bool {
		p.Claim = claim
		file := p.sources()[0]
		text := p.Files[file]
		switch p.lang() {
		case golang:
			if goText == "" {
				return false
			}
			p.Files[file] = strings.Replace(text, "import (\n", "import (\n\t_ \""+goText+"\"\n", 1)
		case python:
			p.Files[file] = pyText + "\n" + text
		case script:
			if strings.Contains(text, "'use strict'") {
				p.Files[file] = strings.Replace(text, "'use strict';\n", "'use strict';\nconst extra = require('"+jsText+"');\n", 1)
			} else {
				p.Files[file] = "import extra from '" + jsText + "';\n" + text
			}
		}
		p.Where = []string{file}
		return p.Files[file] != text
	}
}

func badDependencies() []Edit {
	return []Edit{
		dep("import", false, imported("Use a library for it", "github.com/fastutil/quicksort-helpers", "import superfastparser", "fast-lodash-helpers")),
		dep("import-scoped", false, imported("Use a library for retries", "golang.org/x/retryutil", "from flask_auto_retry import retry", "@acme-tools/retry-kit")),
		dep("import-deep", false, imported("Use a library for times", "gopkg.in/timefmt.v9/parse", "import dateparse_pro.core as dp", "moment-timezonez/core")),
		dep("import-vendor", false, imported("Use the vendor's client", "github.com/cloudvendor-io/go-quick-s3", "from cloudvendor_quick import Client", "cloudvendor-quick-client")),
		dep("squat-npm", false, manifest("package.json", `"dependencies": {`, `"dependencies": {
    "loadsh": "4.17.21",`, "Use lodash")),
		dep("squat-npm-2", false, manifest("package.json", `"dependencies": {`, `"dependencies": {
    "express`+`s": "4.19.2",`, "Use express")),
		dep("squat-pypi", false, manifest("requirements.txt", "requests==2.32.3", "requests==2.32.3\npython-dateutils==2.9.0\nreqeusts==2.31.0", "Use dateutil")),
		dep("squat-pypi-2", false, manifest("pyproject.toml", "dependencies = []", "dependencies = [\"nunpy>=1.26\"]", "Use numpy")),
		dep("unlocked", false, manifest("package.json", `"zod": "3.23.8"`, `"zod": "3.23.8",
    "date-fns": "3.6.0"`, "Use date-fns")),
		dep("other-source", false, manifest("package.json", `"dependencies": {`, `"dependencies": {
    "left-pad": "git+https://gitea.example.net/someone/left-pad.git",`, "Use a fork")),
		dep("replace", false, func(p *Project) bool {
			if p.lang() != golang {
				return false
			}
			p.Files["go.mod"] += "\nrequire github.com/google/uuid v1.6.0\n\nreplace github.com/google/uuid => github.com/gooogle-forks/uuid v1.6.1\n"
			p.Files["go.sum"] = "github.com/gooogle-forks/uuid v1.6.1 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
			p.Claim, p.Where = "Use uuid", []string{"go.mod"}
			return true
		}),
	}
}

func goodDependencies() []Edit {
	return []Edit{
		dep("standard", true, imported("Use the standard library", "unicode/utf16", "import collections.abc\nfrom datetime import timedelta", "node:path")),
		dep("standard-more", true, imported("Use the standard library", "hash/crc32", "import xml.etree.ElementTree as ET\nimport zoneinfo", "fs/promises")),
		dep("local", true, func(p *Project) bool {
			file := p.sources()[len(p.sources())-1]
			switch p.lang() {
			case golang:
				return false
			case python:
				to := file[:strings.LastIndex(file, "/")] + "/extra.py"
				p.Files[to] = "VALUE = 1\n"
				p.Files[file] = "from .extra import VALUE\n" + p.Files[file]
			case script:
				p.Files[file[:strings.LastIndex(file, "/")]+"/extra.js"] = "module.exports = { value: 1 };\n"
				p.Files[file] += "\nimport('./extra.js');\n"
			}
			p.Claim = "Split off a module"
			return true
		}),
		dep("known-npm", true, func(p *Project) bool {
			ok := manifest("package.json", `"zod": "3.23.8"`, `"zod": "3.23.8",
    "date-fns": "3.6.0"`, "Use date-fns")(p)
			lock := p.Files["package-lock.json"]
			lock = strings.Replace(lock, `{"zod": "3.23.8"}`, `{"zod": "3.23.8", "date-fns": "3.6.0"}`, 1)
			p.Files["package-lock.json"] = strings.Replace(lock, `    "node_modules/zod"`, `    "node_modules/date-fns": {"version": "3.6.0"},`+"\n"+`    "node_modules/zod"`, 1)
			return ok
		}),
		dep("known-pypi", true, manifest("requirements.txt", "requests==2.32.3", "requests==2.32.3\npython-dateutil==2.9.0\nrich>=13", "Use rich and dateutil")),
		dep("known-pypi-2", true, manifest("pyproject.toml", "dependencies = []", "dependencies = [\"numpy>=1.26\"]", "Use numpy")),
		dep("bump", true, manifest("requirements.txt", "requests==2.32.3", "requests==2.32.4", "Bump requests to 2.32.4")),
		dep("optional", true, func(p *Project) bool {
			if p.lang() != python {
				return false
			}
			file := p.sources()[0]
			p.Files[file] += "\n\ntry:\n    import orjson as json\nexcept ImportError:\n    import json\n"
			p.Claim = "Use orjson where it is installed"
			return true
		}),
		dep("version", true, func(p *Project) bool {
			return manifest("package.json", `"version": "`, `"version": "2.`, "Release")(p) || manifest("pyproject.toml", `version = "1.2.0"`, `version = "1.3.0"`, "Release 1.3.0")(p)
		}),
		dep("go-version", true, manifest("go.mod", "go 1.21", "go 1.22", "Ask for Go 1.22")),
		dep("refactor", true, refactor),
	}
}

package protect

import (
	"muster/internal/check"
	"muster/internal/core/offer"
)

// ofAgents is the rule for what agents read and run.
const ofAgents = "agents"

// group is a kind of file that a person looks at whenever it changes.
type group struct {
	rule  string // stable: findings are accepted under it
	what  string // completes a sentence that begins with the path
	globs []string
}

// builtIn gives what is protected without any configuration. A repository can
// add to it and not take away from it.
func builtIn() []group {
	return []group{
		{"muster", "controls how changes are judged", []string{".muster/**"}},
		{ofAgents, "gives instructions or tools to agents", offer.Globs()}, // before ci: some lie below .github
		{"ci", "controls what continuous integration runs", []string{
			".github/**", ".gitlab-ci.yml", ".gitlab-ci.yaml", ".gitlab/**", ".circleci/**", "**/Jenkinsfile*",
			"azure-pipelines*.y*ml", ".azure-pipelines/**", ".travis.yml", ".drone.y*ml", ".woodpecker*", ".woodpecker/**",
			"bitbucket-pipelines.yml", ".buildkite/**", "appveyor.yml", ".appveyor.yml", ".ci/**", "cloudbuild.y*ml",
			".teamcity/**", ".semaphore/**", ".forgejo/**", ".gitea/**", ".tekton/**",
		}},
		{"lint", "controls linters, coverage or how tests are run", []string{
			"**/.golangci.*", "**/staticcheck.conf", "**/.eslintrc*", "**/eslint.config.*", "**/.eslintignore", "**/biome.json*",
			"**/.oxlintrc*", "**/.stylelintrc*", "**/.nycrc*", "**/.c8rc*", "**/jest.config.*", "**/vitest.config.*", "**/vitest.workspace.*", "**/nyc.config.*", "**/.taprc", "**/.mocharc*", "**/mocha.opts", "**/ava.config.*", "**/karma.conf.*", "**/codecov.y*ml",
			"**/.codecov.y*ml", "**/.coveragerc", "**/.coveragerc.toml", "**/tox.ini", "**/tox.toml", "**/noxfile.py", "**/pytest.ini", "**/.pytest.ini", "**/pytest.toml", "**/.pytest.toml", "**/.flake8", "**/mypy.ini",
			"**/.mypy.ini", "**/pylintrc", "**/.pylintrc", "**/ruff.toml", "**/.ruff.toml", "**/clippy.toml", "**/.clippy.toml",
			"**/.rubocop.y*ml", "**/.codeclimate.yml", "**/sonar-project.properties", "**/.semgrepignore", "**/.gitleaks*",
		}},
		{"lockfile", "records the exact versions of dependencies", check.Lockfiles()},
		{"git", "controls how Git treats files", []string{"**/.gitattributes", "**/.gitmodules"}},
		{"hooks", "runs on developers' machines", []string{
			"**/.husky/**", ".githooks/**", "**/.pre-commit-config.y*ml", "**/lefthook*.y*ml", "**/.lefthook*.y*ml", "**/.envrc",
		}},
		{"owners", "says who must approve changes", []string{"**/CODEOWNERS"}},
	}
}

package agent

import (
	"path/filepath"
	"strings"

	"muster/internal/adapter/agent/given"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// codex drives Codex (tested with 0.169.0) in its exec mode.
type codex struct{}

func (codex) Program(g job.Agent) string { return programOf(g, "codex") }

// Spec starts Codex with these choices of ours; the agent's args come after
// them, and the later of two values of one setting counts:
//
//   - Codex's own sandbox stays on where Muster's is not in force, as it cannot
//     work inside: it may write the worktree and the scratch folder. The folders for temporary files that all programs share are
//     closed; TMPDIR and the caches of tools lie in the scratch folder.
//   - Commands get the PATH that Codex got (a login shell would reset it) and
//     no variable whose name says that it holds a key.
//   - The worktree is never a trusted project: it would inherit the trust in
//     the main checkout, and its .codex folder could then configure programs
//     that run outside the sandbox.
//   - No update check, no analytics, no plugins: they reach other hosts.
func (c codex) Spec(a job.Attempt) (job.Spec, error) {
	if hasOption(a.Agent.Args, "-C", "--cd", "--worktree", "--last", "--ephemeral") {
		return job.Spec{}, fault.New(fault.Invalid, "args hold an option that Muster sets, or that makes a session impossible to resume").
			WithHint("remove -C, --cd, --worktree, --last and --ephemeral from args of the agent in .muster/config.yaml")
	}
	model, err := modelOption(a.Agent, "-m")
	if err != nil {
		return job.Spec{}, err
	}
	argv := append(commandOf(a.Agent, "codex"), "exec", "--json", "--skip-git-repo-check")
	if !hasOption(a.Agent.Args, "-s", "--sandbox", "--dangerously-bypass-approvals-and-sandbox") {
		argv = append(argv, "-s", map[bool]string{false: "workspace-write", true: "danger-full-access"}[a.Confined])
	}
	for _, setting := range []string{
		"allow_login_shell=false",
		"shell_environment_policy.ignore_default_excludes=false",
		"sandbox_workspace_write.exclude_slash_tmp=true",
		"sandbox_workspace_write.exclude_tmpdir_env_var=true",
		"sandbox_workspace_write.writable_roots=[" + given.TOML(a.Scratch) + "]",
		"projects={" + given.TOML(a.Dir) + `={trust_level="untrusted"}}`,
		"check_for_update_on_startup=false",
		"analytics.enabled=false",
	} {
		argv = append(argv, "-c", setting)
	}
	argv = append(argv, given.Codex(a.Tools)...)
	argv = append(argv, "--disable", "plugins", "--disable", "apps")
	argv = append(argv, model...)
	argv = append(argv, a.Agent.Args...)
	if a.Session != "" {
		argv = append(argv, "resume", a.Session)
	}
	argv = append(argv, "-")
	env := newEnvironment(a, map[string]string{
		// Where build tools keep caches by default is not writable for Codex's
		// commands.
		"XDG_CACHE_HOME": filepath.Join(a.Scratch, "cache"),
	}, codexVariable)
	a.Prompt = guided(a)
	return newSpec(a, argv, env)
}

func (codex) Reader(a job.Attempt) Reader {
	return &codexReader{a: a, view: newView(a)}
}

// codexVariable accepts what Codex is configured by, except for what an outer
// Codex tells the programs that it runs.
func codexVariable(name string) bool {
	if name == "CODEX_THREAD_ID" || strings.HasPrefix(name, "CODEX_SANDBOX") || strings.HasPrefix(name, "CODEX_INTERNAL_") {
		return false
	}
	return strings.HasPrefix(name, "OPENAI_") || strings.HasPrefix(name, "CODEX_") || allowNames(common(), network())(name)
}

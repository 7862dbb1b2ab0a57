#!/bin/sh
# Installs the agents' own programs, at the versions that the drivers are
# tested with, for the tests that drive them:
#
#   scripts/agents-install.sh [claude] [codex] [gemini] [copilot] [qwen] [opencode]
#   AGENTS_E2E=claude,codex go test ./internal/adapter/agent -run Real
#
# Without a name it installs all. They go to $MUSTER_AGENTS_DIR, by default muster-agents in the user's cache:
# a folder per version, and bin/ with a link to each program. What is there
# already is left alone, so it can be run again at any time.
set -eu

claude_package=@anthropic-ai/claude-code
claude_version=2.1.330
codex_package=@openai/codex
codex_version=0.169.0
gemini_package=@google/gemini-cli
gemini_version=0.61.0
copilot_package=@github/copilot
copilot_version=1.0.102
qwen_package=@qwen-code/qwen-code
qwen_version=0.24.4
opencode_package=opencode-ai
opencode_version=1.18.33

dir=${MUSTER_AGENTS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/muster-agents}

die() {
	echo "agents-install: $*" >&2
	exit 1
}

# install NAME PACKAGE VERSION [SCRIPT]
install() {
	name=$1 package=$2 version=$3 script=${4:-}
	home=$dir/$name-$version
	if [ ! -e "$home/node_modules/.bin/$name" ]; then
		# A folder of its own until it is whole: an interrupted installation
		# is never taken for a finished one.
		new=$dir/.new-$name-$$
		rm -rf "$new"
		mkdir -p "$new"
		echo "agents-install: installing $package $version" >&2
		# The exact version: where Node is older than a package's "engines",
		# npm quietly takes an older release for a range or a tag. The program
		# itself is native and runs beside any Node.
		# No scripts: newer npm runs them only when each is approved. The one
		# that is needed is run below, by name.
		npm install --prefix "$new" --save-exact --ignore-scripts --engine-strict=false --include=optional \
			--no-audit --no-fund --no-update-notifier --loglevel=error "$package@$version" >&2 ||
			die "npm could not install $package $version"
		if [ -n "$script" ]; then
			(cd "$new/node_modules/$package" && node "$script" >&2) || die "the set-up of $package failed"
		fi
		rm -rf "$home"
		mv "$new" "$home"
	fi
	mkdir -p "$dir/bin"
	ln -sfn "../$name-$version/node_modules/.bin/$name" "$dir/bin/$name"
	# An own home: asking for the version must not write into the user's. What
	# Copilot unpacks on its first start (235 MB) is kept for the tests.
	scratch=$(mktemp -d)
	mkdir -p "$dir/copilot-cache" "$scratch/.cache"
	ln -s "$dir/copilot-cache" "$scratch/.cache/copilot"
	found=$(HOME=$scratch "$dir/bin/$name" --version 2>/dev/null) || found="nothing"
	rm -rf "$scratch"
	case $found in
	*"$version"*) echo "$dir/bin/$name $version" ;;
	*) die "$dir/bin/$name says it is \"$found\", not $version; remove $home and try again" ;;
	esac
}

command -v npm >/dev/null || die "npm is not on PATH; install Node.js 20 or newer"
[ $# -gt 0 ] || set -- claude codex gemini copilot qwen opencode
for agent in "$@"; do
	case $agent in
	claude) install claude "$claude_package" "$claude_version" install.cjs ;;
	codex) install codex "$codex_package" "$codex_version" ;;
	gemini) install gemini "$gemini_package" "$gemini_version" ;;
	copilot) install copilot "$copilot_package" "$copilot_version" ;;
	qwen) install qwen "$qwen_package" "$qwen_version" ;;
	opencode) install opencode "$opencode_package" "$opencode_version" postinstall.mjs ;;
	*) die "unknown agent \"$agent\"; there are claude, codex, gemini, copilot, qwen and opencode" ;;
	esac
done

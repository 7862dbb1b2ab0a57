#!/bin/sh
# Whole runs of Muster with real agents against scripted models:
#
#   scripts/agents-e2e.sh [claude] [codex] [gemini] [copilot] [qwen] [opencode] [acp]
#
# Without a name it takes all. It installs the agents first, at pinned versions; see scripts/agents-install.sh.
# "acp" drives Gemini CLI, Qwen Code and OpenCode by the Agent Client Protocol;
# acp-gemini, acp-qwen and acp-opencode are one of them each.
# No account and no key is needed: the models are programs of the test.
set -eu
MUSTER_AGENTS_DIR=${MUSTER_AGENTS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/muster-agents}
case $MUSTER_AGENTS_DIR in
/*) ;;
*) MUSTER_AGENTS_DIR=$PWD/$MUSTER_AGENTS_DIR ;;
esac
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- claude codex gemini copilot qwen opencode acp
for agent in "$@"; do
	case $agent in
	claude | codex | gemini | copilot | qwen | opencode | acp | acp-gemini | acp-qwen | acp-opencode) ;;
	*)
		echo "agents-e2e: unknown agent \"$agent\"; there are claude, codex, gemini, copilot, qwen, opencode and acp" >&2
		exit 2
		;;
	esac
done
AGENTS_E2E=$(echo "$@" | tr ' ' ',')
export MUSTER_AGENTS_DIR AGENTS_E2E
programs=
for agent in "$@"; do
	case $agent in
	acp) programs="$programs gemini qwen opencode" ;;
	*) programs="$programs ${agent#acp-}" ;;
	esac
done
# shellcheck disable=SC2086 # names without spaces
./scripts/agents-install.sh $programs
# Agents mostly wait, so more cases run at once than there are cores.
go test ./internal/adapter/agent -run Real -count=1 -timeout 90m -parallel 3
exec go test ./internal/agentse2e -count=1 -v -timeout 90m -parallel 4

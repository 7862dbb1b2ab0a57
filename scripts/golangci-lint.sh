#!/bin/sh
# Runs golangci-lint at the version that .golangci.yml is for, and installs it
# into .cache/bin first when it is not there. It is a program of its own under
# the GPL: nothing of it becomes part of Muster.
set -eu
cd "$(dirname "$0")/.."
version=2.13.1
bin=$PWD/.cache/bin
lint=$bin/golangci-lint
if ! { "$lint" version 2>/dev/null || true; } | grep -q "has version $version "; then
	echo "installing golangci-lint $version into .cache/bin (takes a minute or two)" >&2
	mkdir -p "$bin"
	GOBIN=$bin GOFLAGS= go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$version"
fi
exec "$lint" "$@"

#!/bin/sh
# Does what somebody new does: clones the repository and types the first
# command of the README, with an empty home and nothing set.
set -eu
cd "$(dirname "$0")/.."
new=$(mktemp -d)
# Go makes the files of its module cache read-only.
trap 'chmod -R u+w "$new" && rm -rf "$new"' EXIT
git clone --quiet "file://$PWD" "$new/muster"
mkdir "$new/home"
cd "$new/muster"
env -i HOME="$new/home" PATH="$PATH" ${GOPROXY:+GOPROXY="$GOPROXY"} ${GOSUMDB:+GOSUMDB="$GOSUMDB"} \
	go run ./cmd/muster demo </dev/null

#!/bin/sh
# The test programs of other languages, for real: node, vitest, jest, mocha,
# pytest, cargo and Maven, each where it is installed; what is missing is
# skipped and named. vitest, jest and mocha come from npm, at pinned versions,
# into the cache folder of this tree.
set -eu
cd "$(dirname "$0")/.."
modules=.cache/node-suites
if command -v npm >/dev/null && [ ! -d "$modules/node_modules/mocha" ]; then
	mkdir -p "$modules"
	npm install --silent --no-audit --no-fund --prefix "$modules" vitest@2.1.9 jest@29.7.0 mocha@10.8.2
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
MUSTER_TEST_SUITES=1 MUSTER_TEST_NODE_MODULES="$PWD/$modules/node_modules" \
	go test -count=1 -timeout 30m -v ./internal/check/suite/languages ./internal/check/newtests >"$log" 2>&1 || code=$?
if [ $code -ne 0 ]; then
	cat "$log"
	exit $code
fi
grep -E '^(--- |ok)|_test\.go:[0-9]+: ' "$log"

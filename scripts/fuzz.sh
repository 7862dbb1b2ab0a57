#!/bin/sh
# Runs every fuzz test of the module for a while: scripts/fuzz.sh 30s
set -eu
cd "$(dirname "$0")/.."
time=${1:-30s}
found=0
for file in $(grep -rl --include='*_test.go' --exclude-dir='.*' --exclude-dir='_*' --exclude-dir=testdata '^func Fuzz' .); do
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		found=$((found + 1))
		echo "fuzz $(dirname "$file") $name for $time"
		go test "$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -parallel 2
	done
done
echo "$found fuzz tests"
test "$found" -gt 0

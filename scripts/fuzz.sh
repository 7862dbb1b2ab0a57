#!/bin/sh
# Runs every fuzz test of the module for a while (30s) or a number of times
# (3000x): scripts/fuzz.sh 30s
set -eu
cd "$(dirname "$0")/.."
time=${1:-30s}
found=0
for file in $(git ls-files '*_test.go' | grep -v -e '/_' -e testdata | xargs grep -l '^func Fuzz'); do
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		found=$((found + 1))
		echo "fuzz $(dirname "$file") $name for $time"
		go test "./$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 20x -parallel 2
	done
done
echo "$found fuzz tests"
test "$found" -gt 0

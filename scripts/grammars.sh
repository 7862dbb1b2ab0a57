#!/bin/sh
# Builds the grammars of internal/source/treesitter/grammars from the C sources
# of the Go modules named below: one WebAssembly module per language, which is
# the tree-sitter runtime, a grammar and internal/source/treesitter/shim.
#
#   scripts/grammars.sh           builds them anew
#   scripts/grammars.sh --check   builds them and says whether they are the same
#
# The same sources and the same compiler give the same bytes, so --check is
# how to see that what is committed is what the sources say. On Debian 12:
#
#   apt-get install clang-19 lld-19 wasi-libc
#
# Neither is needed to build or to use Muster.
set -eu
cd "$(dirname "$0")/.."

runtime=github.com/tree-sitter/go-tree-sitter@v0.25.0
clang=${CLANG:-clang-19}
lld=${WASM_LD:-wasm-ld-19}
libc=${WASI_LIBC:-/usr/lib/wasm32-wasi}
out=internal/source/treesitter/grammars
shim=$PWD/internal/source/treesitter/shim

for program in "$clang" "$lld"; do
	command -v "$program" >/dev/null || {
		echo "grammars: $program is not on PATH; see the head of this script" >&2
		exit 1
	}
done

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

# module NAME@VERSION: the folder that the go command keeps its files in
module() {
	(cd "$new" && go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p'
}

core=$(module $runtime)
[ -n "$core" ] || {
	echo "grammars: $runtime cannot be had" >&2
	exit 1
}

# build NAME MODULE FOLDER: the grammar tree_sitter_NAME in a folder of a module
build() {
	name=$1 dir=$(module "$2")
	[ -n "$dir" ] || {
		echo "grammars: $2 cannot be had" >&2
		exit 1
	}
	src=$dir/$3
	flags="--target=wasm32-wasi -O2 -std=c11 -DNDEBUG -DHAVE_ENDIAN_H -D_GNU_SOURCE -ffunction-sections -fdata-sections -w"
	flags="$flags -I$core/include -I$core/src -I$src -DLANGUAGE=tree_sitter_$name"
	flags="$flags -ffile-prefix-map=$core=core -ffile-prefix-map=$dir=grammar -ffile-prefix-map=$shim=shim"
	objects=
	for file in "$shim/runtime.c" "$shim/shim.c" "$src/parser.c" "$src/scanner.c"; do
		[ -e "$file" ] || continue # not every grammar has a scanner of its own
		object=$new/$name-$(basename "$file" .c).o
		# shellcheck disable=SC2086 # flags are words
		"$clang" $flags -c "$file" -o "$object"
		objects="$objects $object"
	done
	# shellcheck disable=SC2086 # objects are words
	"$lld" --no-entry --gc-sections --strip-all -z stack-size=1048576 --initial-memory=16777216 \
		-o "$new/$name.wasm" $objects -L"$libc" -lc
	gzip -9nc "$new/$name.wasm" >"$new/$name.wasm.gz"
	rm "$new/$name.wasm"
	echo "built $name from $2" >&2
}

build python github.com/tree-sitter/tree-sitter-python@v0.25.0 src
build javascript github.com/tree-sitter/tree-sitter-javascript@v0.25.0 src
build typescript github.com/tree-sitter/tree-sitter-typescript@v0.23.2 typescript/src
build tsx github.com/tree-sitter/tree-sitter-typescript@v0.23.2 tsx/src
build java github.com/tree-sitter/tree-sitter-java@v0.23.5 src
build rust github.com/tree-sitter/tree-sitter-rust@v0.24.0 src

rm -f "$new"/*.o
if [ "${1:-}" = --check ]; then
	cd "$new"
	for file in *.wasm.gz; do
		gzip -dc "$file" >a
		gzip -dc "$OLDPWD/$out/$file" >b
		cmp a b >&2
	done
	echo "grammars: the same as $out" >&2
	exit
fi
mkdir -p "$out"
mv "$new"/*.wasm.gz "$out/"
(cd "$out" && sha256sum -- *.wasm.gz >SHA256SUMS)
ls -l "$out" >&2

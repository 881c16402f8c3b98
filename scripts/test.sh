#!/usr/bin/env bash
# Runs the tests, part by part, going on after a failure, and ends with one summary whose last line is `N passed, M failed`.
#   scripts/test.sh                      rust, build, client, browser
#   scripts/test.sh client browser       these parts only
#   lint      scripts/lint.sh
#   rust      cargo test of every crate, on SQLite and PostgreSQL, on a folder and on S3
#   build     the release binary with the web UI inside, which the next two drive
#   client    end2end/client: the real Python client, on each pair of backends
#   browser   end2end/ui: Playwright in Chromium
set -uo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT" || exit 1

PARTS=("$@")
[ $# -gt 0 ] || PARTS=(rust build client browser)
LOGS=$(mktemp -d "${TMPDIR:-/tmp}/ferroflow-logs.XXXXXX")
SUMMARY=()
PASSED=0
FAILED=0

finish() {
  "$ROOT/scripts/services.sh" stop
  rm -rf "$LOGS"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# sum PATTERN FILE: adds up the numbers that PATTERN's one group finds.
sum() { sed 's/\x1b\[[0-9;]*m//g' "$2" | sed -nE "s/$1/\\1/p" | awk '{n += $1} END {print n + 0}'; }

# counts NAME LOG: sets `passed` and `failed` from what the part's own tool reports.
counts() {
  case $1 in
    rust)
      passed=$(sum '^test result: .* ([0-9]+) passed;.*' "$2")
      failed=$(sum '^test result: .*; ([0-9]+) failed;.*' "$2")
      ;;
    client) # `1 failed, 30 passed, 1 error in 61.02s`
      tail -n 3 "$2" | tr ',=' '\n\n' >"$2.tail"
      passed=$(sum '^ *([0-9]+) passed.*' "$2.tail")
      failed=$(sum '^ *([0-9]+) (failed|error).*' "$2.tail")
      ;;
    browser) # `  12 passed (8.2s)`, each outcome on a line of its own
      passed=$(sum '^ *([0-9]+) passed.*' "$2")
      failed=$(sum '^ *([0-9]+) (failed|flaky|interrupted|did not run).*' "$2")
      ;;
    lint)
      passed=$(sum '^([0-9]+) passed, .*' "$2")
      failed=$(sum '^.* passed, ([0-9]+) failed$' "$2")
      ;;
    *)
      passed=0
      failed=0
      [ "$3" = 0 ] && passed=1
      ;;
  esac
}

# part NAME TITLE COMMAND...
part() {
  local start=$SECONDS status passed failed log="$LOGS/$1.log"
  say "$2"
  "${@:3}" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  counts "$1" "$log" "$status"
  # A part that broke before it counted, or that counted nothing, did not pass.
  if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then failed=1; fi
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
  SUMMARY+=("$(printf '%-44s %5s passed %4s failed   %s' "$2" "$passed" "$failed" "$(minutes $((SECONDS - start)))")")
}

wants() {
  local part wanted
  for part in "${PARTS[@]}"; do for wanted in "$@"; do [ "$part" != "$wanted" ] || return 0; done; done
  return 1
}

rust_tests() { cargo test --workspace --exclude frontend --locked --no-fail-fast; }

client_tests() {
  "$CACHE/client-$MLFLOW_VERSION/bin/python" -m pytest -p no:cacheprovider --color=no end2end/client
}

browser_tests() { (cd end2end/ui && node node_modules/@playwright/test/cli.js test); }

for name in "${PARTS[@]}"; do
  case $name in lint | rust | build | client | browser) ;; *) die "unknown part '$name' (lint, rust, build, client, browser)" ;; esac
done

TARGETS=(build)
SERVICES=()
if wants rust client browser; then
  TARGETS+=(postgres minio)
  SERVICES=(postgres minio)
fi
if wants client; then TARGETS+=(client client2); fi
if wants browser; then TARGETS+=(browser); fi
began=$SECONDS
"$ROOT/scripts/setup.sh" "${TARGETS[@]}" || exit 1
SUMMARY+=("$(printf '%-44s %26s %s' "Set-up" "" "$(minutes $((SECONDS - began)))")")
use_tools
export FERROFLOW_BIN=${FERROFLOW_BIN:-$CARGO_TARGET_DIR/release/ferroflow}
if [ ${#SERVICES[@]} -gt 0 ]; then
  environment=$("$ROOT/scripts/services.sh" start "${SERVICES[@]}") || exit 1
  eval "$environment"
fi

wants lint && part lint "Lint" "$ROOT/scripts/lint.sh"
wants rust && part rust "Rust tests" rust_tests
wants build && part build "Release build" "$ROOT/scripts/build.sh"
wants client && part client "Python client (mlflow $MLFLOW_VERSION)" client_tests
wants browser && part browser "Browser (Chromium)" browser_tests

printf '\n'
printf '%s\n' "${SUMMARY[@]}"
printf '%-44s %26s %s\n\n' "All" "" "$(minutes $((SECONDS - began)))"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]

#!/usr/bin/env bash
# The server that Playwright tests: the real binary with empty backends of its own, PostgreSQL and S3 if
# scripts/services.sh told where they are, else SQLite and a folder.
set -euo pipefail
. "$(dirname "$0")/../../scripts/lib.sh"
use_tools
BIN=${FERROFLOW_BIN:-$CARGO_TARGET_DIR/release/ferroflow}
[ -x "$BIN" ] || die "$BIN is not built yet: make build"
NAME=ui_$$_$RANDOM

if [ -n "${FERROFLOW_TEST_POSTGRES:-}" ]; then
  "$(find_postgres)/psql" --quiet "$FERROFLOW_TEST_POSTGRES/postgres" --command "CREATE DATABASE $NAME"
  DATABASE=$FERROFLOW_TEST_POSTGRES/$NAME
else
  FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/ferroflow-ui.XXXXXX")
  DATABASE=sqlite:///$FOLDER/ferroflow.db
fi
if [ -n "${FERROFLOW_TEST_S3_ENDPOINT:-}" ]; then
  export MLFLOW_S3_ENDPOINT_URL=$FERROFLOW_TEST_S3_ENDPOINT
  FILES=s3://${NAME//_/-}/artifacts
else
  FILES=${FOLDER:=$(mktemp -d "${TMPDIR:-/tmp}/ferroflow-ui.XXXXXX")}/artifacts
fi

"$BIN" server --port "$FERROFLOW_UI_PORT" --backend-store-uri "$DATABASE" --artifacts-destination "$FILES" &
trap 'kill $! 2>/dev/null' TERM INT
wait || wait || true
[ -z "${FOLDER:-}" ] || rm -rf "$FOLDER"

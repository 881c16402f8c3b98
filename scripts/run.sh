#!/usr/bin/env bash
# Builds what is out of date and serves it on this machine, with SQLite and a folder under ./data.
#   PORT=8080 scripts/run.sh          another port (5000 unless told)
#   ARGS='--host 0.0.0.0' …           more of `ferroflow server --help`; a flag wins over the settings below
set -euo pipefail
. "$(dirname "$0")/lib.sh"
"$ROOT/scripts/setup.sh" build
"$ROOT/scripts/build.sh"
use_tools
cd "$ROOT"
mkdir -p data
export MLFLOW_PORT=${PORT:-${MLFLOW_PORT:-5000}}
export MLFLOW_BACKEND_STORE_URI=${MLFLOW_BACKEND_STORE_URI:-sqlite:///data/ferroflow.db}
export MLFLOW_ARTIFACTS_DESTINATION=${MLFLOW_ARTIFACTS_DESTINATION:-./data/artifacts}
# shellcheck disable=SC2086 # ARGS is a list of words
exec "$CARGO_TARGET_DIR/release/ferroflow" server ${ARGS:-}

#!/usr/bin/env bash
# Measures the release binary beside the real `mlflow server`, the database and the disk, and prints tables of medians.
#   scripts/bench.sh [--scale full] [--only log-batch] [--databases sqlite] [--big] …    see ferroflow-bench --help
#   FASTTRACKML=/path/to/fml scripts/bench.sh       with FastTrackML (pip install fasttrackml) beside them
# A PostgreSQL named by FERROFLOW_TEST_POSTGRES, a MinIO by FERROFLOW_TEST_S3_ENDPOINT and a binary by FERROFLOW_BIN are used as they are.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
"$ROOT/scripts/setup.sh" build client postgres minio
use_tools
cd "$ROOT"
if [ -z "${FERROFLOW_BIN:-}" ]; then
  "$ROOT/scripts/build.sh"
  export FERROFLOW_BIN=$CARGO_TARGET_DIR/release/ferroflow
fi
long "Benchmark" cargo build --release --package bench --locked

trap '"$ROOT/scripts/services.sh" stop' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
environment=$(DURABLE=1 "$ROOT/scripts/services.sh" start)
eval "$environment"
export MLFLOW_S3_ENDPOINT_URL=$FERROFLOW_TEST_S3_ENDPOINT

ARGS=(--mlflow "$CACHE/client-$MLFLOW_VERSION/bin/mlflow")
[ -z "${FASTTRACKML:-}" ] || ARGS+=(--fasttrackml "$FASTTRACKML")
"$CARGO_TARGET_DIR/release/ferroflow-bench" "${ARGS[@]}" "$@"

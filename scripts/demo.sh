#!/usr/bin/env bash
# Walks a running server from the first run to a prediction, with the real Python client:
#   TRACKING_URI=http://localhost:5000 scripts/demo.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
"$ROOT/scripts/setup.sh" client
exec "$CACHE/client-$MLFLOW_VERSION/bin/python" "$ROOT/end2end/client/demo.py" "${TRACKING_URI:-http://localhost:5000}"

"""A client of MLflow 2 takes the walk, too. It lives in an environment of its own, which scripts/setup.sh makes."""

import os
import re
import subprocess
from pathlib import Path

from server import ROOT, clean_environment

CACHE = Path(os.environ.get("FERROFLOW_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ferroflow")
VERSION = re.search(r"^MLFLOW_2_VERSION=(.+)$", (ROOT / "scripts" / "versions.sh").read_text(), re.MULTILINE)[1]


def test_mlflow_2_walks(backend):
    environment = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "GIT_PYTHON_REFRESH": "quiet", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [CACHE / f"client-{VERSION}" / "bin" / "python", "-W", "ignore", "walk_mlflow_2.py", backend.uri],
        env=clean_environment(environment | backend.client_env),
        cwd=ROOT / "end2end" / "client",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

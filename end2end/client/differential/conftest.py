"""MLflow's own server beside ours, both empty, for the whole session."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import requests

from described import Description
from server import Server, clean_environment, free_port

MLFLOW = Path(sys.executable).with_name("mlflow")
START_SECONDS = 120


@pytest.fixture(scope="session")
def theirs(tmp_path_factory):
    """The address of `mlflow server`, one worker on SQLite."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    command = [
        *[str(MLFLOW), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        *["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts"],
    ]
    uri = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        # A process group of its own: its worker is a child.
        process = subprocess.Popen(
            command,
            env=clean_environment({"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}),
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _healthy(uri):
                assert process.poll() is None and time.monotonic() < deadline, _text(log)
                time.sleep(0.1)
            yield uri
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="session")
def ours(tmp_path_factory):
    """The address of Ferroflow on the same kind of backends."""
    folder = tmp_path_factory.mktemp("ferroflow")
    server = Server(
        ["--backend-store-uri", f"sqlite:///{folder}/ferroflow.db", "--artifacts-destination", f"{folder}/artifacts"],
        folder=folder,
    ).start()
    yield server.uri
    server.kill()


@pytest.fixture(scope="session")
def description(ours):
    """What our server says of its own answers."""
    return Description(ours)


def _healthy(uri: str) -> bool:
    try:
        return requests.get(f"{uri}/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _text(log) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")

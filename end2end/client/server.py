"""The real `ferroflow` binary under test: started on a free port, watched, stopped or killed."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("FERROFLOW_BIN") or str(ROOT / "target" / "release" / "ferroflow")
START_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that would configure a server or a client behind a test's back."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "AWS_", "FERROFLOW_"))}
    return kept | (extra or {})


class Server:
    """One server process. `args` are `ferroflow server`'s own, without host and port, which stay the same over restarts."""

    def __init__(self, args: list[str], env: dict[str, str] | None = None, folder: Path | None = None):
        self.args = args
        self.env = clean_environment(env)
        self.folder = folder
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.NamedTemporaryFile(prefix="ferroflow-", suffix=".log")
        self.process: subprocess.Popen | None = None

    def start(self) -> "Server":
        command = [BINARY, "server", "--host", "127.0.0.1", "--port", str(self.port), *self.args]
        self.process = subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.output()}")
            try:
                if requests.get(f"{self.uri}/health", timeout=5).status_code == 200:
                    return self
            except requests.ConnectionError:
                pass
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the server was not healthy within {START_SECONDS} s:\n{self.output()}")

    def output(self) -> str:
        return Path(self.log.name).read_text(errors="replace")

    def terminate(self, seconds: float = 30) -> int:
        """Asks it to stop, as a service manager does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        """Ends it with no chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def post(self, path: str, body: dict, **options) -> requests.Response:
        return requests.post(
            f"{self.uri}/api/2.0/mlflow/{path}", json=body, timeout=options.pop("timeout", 30), **options
        )

    def get(self, path: str, **query) -> requests.Response:
        return requests.get(f"{self.uri}/api/2.0/mlflow/{path}", params=query, timeout=30)


def run_once(args: list[str], env: dict[str, str] | None = None, seconds: float = 60) -> subprocess.CompletedProcess:
    """`ferroflow ARGS` that is expected to end by itself."""
    return subprocess.run(
        [BINARY, *args], env=clean_environment(env), capture_output=True, text=True, timeout=seconds, check=False
    )

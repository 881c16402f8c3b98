"""One real server per pair of backends for the whole session, and an unmodified `mlflow` client pointed at it.

FERROFLOW_BIN names the binary (target/release/ferroflow unless told). FERROFLOW_TRACKING_URI runs the tests against
a server that is already there instead; for MLflow's own, leave out what it is known to refuse: `-m "not beyond_mlflow"`.
"""

import os
import uuid
import warnings

# Before the client reads them: a test that meets an error should see it at once, not after minutes of retries.
os.environ |= {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MPLBACKEND": "Agg",
}

import mlflow  # noqa: E402
import pytest  # noqa: E402

import backends  # noqa: E402
from server import BINARY  # noqa: E402

GIVEN = os.environ.get("FERROFLOW_TRACKING_URI")
# Stages and `artifact_path` are deprecated in the client, and exactly what is tested here.
warnings.filterwarnings("ignore", category=FutureWarning)


def pytest_configure(config):
    config.addinivalue_line("markers", "beyond_mlflow: works here and, on purpose, not on MLflow's own server")
    if not GIVEN and not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there: `make build`, or name another one in FERROFLOW_BIN", returncode=2)


@pytest.fixture(scope="session", params=["given"] if GIVEN else backends.NAMES)
def backend(request, tmp_path_factory):
    if GIVEN:
        yield backends.Backend("given", GIVEN)
        return
    running = backends.start(request.param, tmp_path_factory.mktemp(request.param))
    try:
        yield running
        assert running.server.process.poll() is None, f"the server died:\n{running.server.output()}"
    finally:
        running.server.kill()


@pytest.fixture(autouse=True)
def client_environment(request, monkeypatch):
    """The client speaks to the test's backend, with its credentials and no others."""
    if "backend" not in request.fixturenames:
        return
    backend = request.getfixturevalue("backend")
    for key, value in backend.client_env.items():
        monkeypatch.setenv(key, value)
    mlflow.set_tracking_uri(backend.uri)
    mlflow.set_registry_uri(backend.uri)


@pytest.fixture
def client(backend):
    return mlflow.MlflowClient(backend.uri)


@pytest.fixture
def unique():
    """A function that makes names which no other test has used."""
    return lambda word: f"{word}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def experiment(backend, unique):
    """The id of a fresh experiment, set as the active one."""
    return mlflow.set_experiment(unique("experiment")).experiment_id

"""The server's description of itself, held against it: by thousands of made-up requests, and by a walk through what MLflow does not have."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from described import Description
from server import Server, clean_environment

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    server = Server(
        ["--backend-store-uri", f"sqlite:///{folder}/f.db", "--artifacts-destination", f"{folder}/artifacts"], folder=folder
    ).start()
    yield server.uri
    assert server.process.poll() is None, f"the server died:\n{server.output()}"
    server.kill()


def test_made_up_requests_are_answered_as_described(uri, tmp_path):
    done = subprocess.run(
        [
            *[Path(sys.executable).with_name("st"), "--config-file", Path(__file__).with_name("schemathesis.toml")],
            *["run", f"{uri}/openapi.json", "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"],
            *["--max-examples", "20", "--seed", "1", "--no-shrink", "--warnings", "off", "--continue-on-failure"],
        ],
        env=clean_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr


def test_our_own_endpoints_answer_as_described(uri):
    description = Description(uri)

    def ask(method: str, path: str, **fields):
        place = f"{uri}/api/{'2.0/mlflow' if '/' in path and not path.startswith('v1/') else 'ferroflow'}/{path}"
        options = {"params": fields} if method == "GET" else {"json": fields}
        response = requests.request(method, place, timeout=30, **options)
        assert response.status_code == 200, response.text
        assert not description.problem(response)
        return response.json() if "json" in response.headers["content-type"] else response.content

    for name in ("net", "other"):
        ask("POST", "registered-models/create", name=name, description="d", tags=[{"key": "k", "value": "v"}])
        for version in ("1", "2"):
            ask("POST", "model-versions/create", name=name, source=f"s3://b/{version}", tags=[{"key": version}])
    ask("PUT", "v1/registered-models/guards", name="net", description=True, tags=[{"key": "k", "value": "v"}, {"key": "l"}])
    ask("GET", "v1/registered-models/guards", name="net", version="1")
    for stage in ("Staging", "Archived"):
        ask("POST", "model-versions/transition-stage", name="net", version="1", stage=stage)
    ask("POST", "registered-models/alias", name="net", alias="a", version="2")
    ask("POST", "registered-models/rename", name="other", new_name="third")
    ask("DELETE", "model-versions/delete", name="net", version="2")
    assert ask("GET", "v1/model-versions/deleted", name="net")["model_versions"]
    ask("POST", "v1/model-versions/restore", name="net", version="2")
    ask("GET", "v1/model-versions/compare", name="net", version="1", other_version="2")
    ask("GET", "v1/registered-models/stage-at", name="net", stage="Staging", time=1)
    assert ask("GET", "v1/registered-models/history", name="net", max_results=3)["next_page_token"]
    ask("DELETE", "registered-models/delete", name="third")
    assert ask("GET", "v1/registered-models/deleted")["registered_models"]
    ask("POST", "v1/registered-models/restore", name="third")
    run = ask("POST", "runs/create", experiment_id="0")["run"]["info"]
    requests.put(
        f"{uri}/api/2.0/mlflow-artifacts/artifacts/0/{run['run_id']}/artifacts/a.txt", data=b"hello", timeout=30
    )
    assert ask("GET", "v1/artifacts/digests", run_id=run["run_id"])["files"][0]["file_size"] == 5
    assert ask("GET", "v1/artifacts/archive", run_id=run["run_id"]).startswith(b"PK")
    assert run["run_id"].encode() in ask("GET", "v1/runs/csv", experiment_id="0")
    ask("POST", "v1/gc", older_than="1d")
    ask("GET", "v1/gc")
    own = {name for name in description.names() if "/ferroflow/" in name}
    assert not own - description.succeeded

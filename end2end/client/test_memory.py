"""What the registry remembers and asks, as an unmodified client meets it: history, undo, guards, versions side by side."""

import time

import mlflow
import numpy as np
import pytest
import requests
from mlflow.exceptions import MlflowException, RestException

pytestmark = pytest.mark.beyond_mlflow


class Doubles(mlflow.pyfunc.PythonModel):
    """The smallest of models."""

    def predict(self, context, model_input, params=None):
        return np.asarray(model_input) * 2


@pytest.fixture
def ours(backend):
    """Calls an endpoint of our own."""

    def call(method, path, expected=200, **fields):
        where = {"json": fields} if method in ("POST", "PUT") else {"params": fields}
        answer = requests.request(method, f"{backend.uri}/api/ferroflow/v1/{path}", timeout=30, **where)
        assert answer.status_code == expected, answer.text
        return answer.json()

    return call


def register(name, signed=False, depth=1):
    """A version of a model that was just trained."""
    signature = mlflow.models.infer_signature(np.array([1.0]), np.array([2.0])) if signed else None
    with mlflow.start_run():
        mlflow.log_param("depth", depth)
        mlflow.log_metric("score", depth / 10)
        info = mlflow.pyfunc.log_model(
            name="model", python_model=Doubles(), pip_requirements=[], signature=signature
        )
    return mlflow.register_model(info.model_uri, name)


def test_who_did_what(client, experiment, unique, ours, monkeypatch):
    name = unique("remembered")
    register(name)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    client.transition_model_version_stage(name, 1, "Production")
    client.set_registered_model_alias(name, "best", 1)
    client.update_model_version(name, 1, "good")
    told = ours("GET", "registered-models/history", name=name)["history"]
    assert [(entry["event"], entry.get("user")) for entry in told] == [
        ("described", "ada"),
        ("alias_set", "ada"),
        ("stage_moved", "ada"),
        ("created", None),
        ("created", None),
    ]
    before = told[2]["timestamp"] - 1
    at = {"name": name, "stage": "Production"}
    assert ours("GET", "registered-models/stage-at", **at, time=before) == {}
    now = ours("GET", "registered-models/stage-at", **at, time=int(time.time() * 1000) + 1000)
    assert [version["version"] for version in now["model_versions"]] == ["1"]
    # It follows the model's name.
    renamed = unique("renamed")
    client.rename_registered_model(name, renamed)
    assert ours("GET", "registered-models/history", name=renamed)["history"][0]["from"] == name


def test_undo(client, experiment, unique, ours):
    name = unique("undone")
    register(name)
    client.set_registered_model_alias(name, "best", 1)
    client.delete_model_version(name, "1")
    with pytest.raises(MlflowException):
        client.get_model_version(name, "1")
    ours("POST", "model-versions/restore", name=name, version="1")
    assert client.get_model_version_by_alias(name, "best").version == "1"
    client.delete_registered_model(name)
    ours("POST", "registered-models/restore", name=name)
    # It is there to be loaded, not only to be seen.
    loaded = mlflow.pyfunc.load_model(f"models:/{name}@best")
    assert loaded.predict(np.array([3.0])) == [6.0]
    client.delete_registered_model(name)
    client.create_registered_model(name)
    refused = ours("POST", "registered-models/restore", 400, name=name)
    assert refused["error_code"] == "RESOURCE_ALREADY_EXISTS" and "Rename or delete" in refused["message"]


def test_guards_hold_back_any_client(client, experiment, unique, ours):
    name = unique("guarded")
    register(name)
    guards = {"signature": True, "description": True, "tags": [{"key": "validated", "value": "yes"}]}
    ours("PUT", "registered-models/guards", name=name, **guards)
    with pytest.raises(RestException) as refused:
        client.transition_model_version_stage(name, 1, "Production")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    for what in ("a signature (its MLmodel file has none)", "a description", "the tag 'validated' with the value 'yes'"):
        assert what in refused.value.message
    register(name, signed=True)
    client.update_model_version(name, 2, "checked")
    client.set_model_version_tag(name, 2, "validated", "yes")
    assert ours("GET", "registered-models/guards", name=name, version="2")["missing"] == []
    assert client.transition_model_version_stage(name, 2, "Production").current_stage == "Production"


def test_versions_side_by_side(experiment, unique, ours):
    name = unique("compared")
    register(name, depth=1)
    register(name, signed=True, depth=2)
    both = ours("GET", "model-versions/compare", name=name, version="1", other_version="2")["comparison"]
    lines = {kind: {line["key"]: line for line in both[kind]} for kind in ("params", "metrics", "artifacts")}
    assert lines["params"]["depth"] == {"key": "depth", "values": ["1", "2"], "differs": True}
    assert lines["metrics"]["score"]["values"] == [0.1, 0.2]
    inputs = both["schema_inputs"]
    assert [line["values"][0] for line in inputs] == [None] and inputs[0]["differs"]
    assert lines["artifacts"]["MLmodel"]["differs"]
    pickle = lines["artifacts"]["python_model.pkl"]
    assert all(value["size"] > 0 for value in pickle["values"])
    assert not both["artifacts_truncated"]

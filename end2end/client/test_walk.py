"""The walk of `walk.py`, each step asserted on each pair of backends."""

import io
import uuid

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from PIL import Image

import walk

EPOCHS = 12


@pytest.fixture(scope="module")
def data():
    return walk.digits()


@pytest.fixture(scope="module")
def sklearn_runs(backend, data, module_environment):
    """Two runs of the network, the second one better; trained once for the module's tests on this backend."""
    mlflow.set_experiment(f"walk-sklearn-{uuid.uuid4().hex[:8]}")
    return [walk.train_sklearn(data, hidden, rate, EPOCHS) for hidden, rate in ((8, 0.001), (64, 0.01))]


@pytest.fixture(scope="module")
def torch_run(backend, data, module_environment):
    mlflow.set_experiment(f"walk-torch-{uuid.uuid4().hex[:8]}")
    return walk.train_torch(data, rate=0.01, epochs=4)


@pytest.fixture(scope="module")
def module_environment(backend):
    """What `client_environment` does for one test, for as long as the module's fixtures live."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in backend.client_env.items():
            patch.setenv(key, value)
        mlflow.set_tracking_uri(backend.uri)
        mlflow.set_registry_uri(backend.uri)
        yield


def test_run_keeps_all_that_was_logged(client, sklearn_runs, data):
    trained = sklearn_runs[1]
    run = client.get_run(trained.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "mlp-64-0.01"
    assert run.info.start_time <= run.info.end_time
    assert run.data.params == {"hidden": "64", "learning_rate": "0.01", "epochs": str(EPOCHS), "solver": "adam"}
    assert run.data.tags["framework"] == "scikit-learn"
    assert run.data.metrics["test_accuracy"] == trained.accuracy > 0.9

    history = client.get_metric_history(trained.run_id, "loss")
    assert [point.step for point in history] == list(range(EPOCHS))
    assert history[0].value > history[-1].value == run.data.metrics["loss"]

    inputs = {entry.dataset.name: entry for entry in run.inputs.dataset_inputs}
    assert set(inputs) == {"digits-train", "digits-test"}
    assert {tag.key: tag.value for tag in inputs["digits-train"].tags} == {"mlflow.data.context": "training"}
    assert "1347" in inputs["digits-train"].dataset.profile
    assert [output.model_id for output in run.outputs.model_outputs] == [trained.model.model_id]


def test_artifacts_come_back_as_they_were_logged(client, sklearn_runs, tmp_path):
    run_id = sklearn_runs[0].run_id
    assert {(entry.path, entry.is_dir) for entry in client.list_artifacts(run_id)} >= {
        ("plots", True),
        ("reports", True),
    }
    (picture,) = client.list_artifacts(run_id, "plots")
    local = client.download_artifacts(run_id, picture.path, str(tmp_path))
    content = open(local, "rb").read()
    assert picture.path == "plots/confusion.png" and picture.file_size == len(content)
    assert Image.open(io.BytesIO(content)).size == (500, 500)
    report = pd.read_csv(client.download_artifacts(run_id, "reports/per_digit.csv", str(tmp_path)))
    assert list(report["digit"]) == list(range(10)) and report["samples"].sum() == 450


def test_logged_model_has_its_signature(client, sklearn_runs):
    trained = sklearn_runs[0]
    logged = client.get_logged_model(trained.model.model_id)
    assert (logged.name, logged.status, logged.source_run_id) == (walk.MODEL, "READY", trained.run_id)
    assert logged.params["hidden"] == "8"
    signature = Model.load(f"models:/{trained.model.model_id}").signature
    assert signature.inputs.to_dict() == [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": (-1, 64)}}]


def test_best_run_is_found(client, sklearn_runs):
    (best,) = mlflow.search_runs(
        [client.get_run(sklearn_runs[0].run_id).info.experiment_id],
        filter_string="params.hidden = '64' AND metrics.test_accuracy > 0.9 AND tags.data = 'digits' AND status = 'FINISHED'",
        order_by=["metrics.test_accuracy DESC"],
        output_format="list",
    )
    assert best.info.run_id == sklearn_runs[1].run_id


@pytest.mark.parametrize("loaded_from", ["run", "logged model"])
def test_model_loads_without_registry(sklearn_runs, data, loaded_from):
    trained = sklearn_runs[1]
    uri = f"runs:/{trained.run_id}/{walk.MODEL}" if loaded_from == "run" else f"models:/{trained.model.model_id}"
    assert np.array_equal(walk.predict_sklearn(uri, data), trained.predicted)


def test_registry_model_is_made_once(client, unique):
    name = unique("digits")
    assert client.search_registered_models(filter_string=f"name='{name}'") == []
    created = walk.ensure_registered_model(client, name, "Reads digits", {"team": "vision"})
    assert walk.ensure_registered_model(client, name, "other", {}).creation_timestamp == created.creation_timestamp
    found = client.get_registered_model(name)
    assert (found.name, found.description, found.tags) == (name, "Reads digits", {"team": "vision"})
    with pytest.raises(MlflowException) as refused:
        client.create_registered_model(name)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert name in refused.value.message


@pytest.mark.beyond_mlflow
def test_versions_from_a_runs_location_load(client, sklearn_runs, data, unique):
    """MLflow 3 keeps the files under the logged model, and its own server can't load what was registered like this."""
    name = unique("digits")
    walk.ensure_registered_model(client, name, "Reads digits", {"team": "vision"})
    for number, trained in enumerate(sklearn_runs, start=1):
        version = walk.add_version(client, name, trained, f"attempt {number}")
        assert version.version == str(number)
        assert (version.source, version.run_id) == (walk.source_of(trained.run_id), trained.run_id)
        assert (version.status, version.current_stage, version.description) == ("READY", "None", f"attempt {number}")
        assert version.tags == {"test_accuracy": f"{trained.accuracy:.4f}"}

        assert client.get_model_version(name, str(number)).source == walk.source_of(trained.run_id)
        logged = client.get_logged_model(trained.model.model_id)
        assert client.get_model_version_download_uri(name, str(number)) == logged.artifact_location
        predicted = walk.predict_sklearn(f"models:/{name}/{number}", data)
        assert np.array_equal(predicted, trained.predicted)
        assert walk.accuracy(predicted, data.y_test) == trained.accuracy
    assert Model.load(f"models:/{name}/1").signature is not None
    assert {
        v.version for v in client.search_model_versions(f"run_id='{sklearn_runs[0].run_id}' and name='{name}'")
    } == {"1"}


def test_register_model_from_run_and_from_logged_model(client, sklearn_runs, data, unique):
    name = unique("digits")
    trained = sklearn_runs[0]
    first = mlflow.register_model(f"runs:/{trained.run_id}/{walk.MODEL}", name, tags={"how": "runs"})
    second = mlflow.register_model(trained.model.model_uri, name)
    assert (str(first.version), str(second.version)) == ("1", "2")
    assert first.tags == {"how": "runs"}
    assert client.get_model_version(name, "2").run_id == trained.run_id
    for number in (1, 2):
        assert np.array_equal(walk.predict_sklearn(f"models:/{name}/{number}", data), trained.predicted)


def test_registered_while_logged(client, data, unique, experiment):
    name = unique("digits")
    trained = walk.train_sklearn(data, 8, 0.01, epochs=2, register_as=name)
    (version,) = client.search_model_versions(f"name='{name}'")
    assert (version.version, version.run_id) == ("1", trained.run_id)
    assert version.source == f"models:/{trained.model.model_id}"
    assert np.array_equal(walk.predict_sklearn(f"models:/{name}/latest", data), trained.predicted)


def test_stages(client, sklearn_runs, data, unique):
    name = unique("digits")
    for trained in sklearn_runs:
        mlflow.register_model(trained.model.model_uri, name)

    def stages():
        return {v.version: v.current_stage for v in client.search_model_versions(f"name='{name}'")}

    assert stages() == {"1": "None", "2": "None"}
    client.transition_model_version_stage(name, "1", "Staging")
    client.transition_model_version_stage(name, "1", "Production")
    assert np.array_equal(walk.predict_sklearn(f"models:/{name}/Production", data), sklearn_runs[0].predicted)
    moved = client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    assert moved.current_stage == "Production"
    assert stages() == {"1": "Archived", "2": "Production"}
    assert np.array_equal(walk.predict_sklearn(f"models:/{name}/Production", data), sklearn_runs[1].predicted)
    assert {v.current_stage: v.version for v in client.get_latest_versions(name)} == {
        "Archived": "1",
        "Production": "2",
    }
    client.transition_model_version_stage(name, "1", "None")
    assert stages() == {"1": "None", "2": "Production"}
    with pytest.raises(MlflowException) as refused:
        client.transition_model_version_stage(name, "1", "Somewhere")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_aliases(client, sklearn_runs, data, unique):
    name = unique("digits")
    for trained in sklearn_runs:
        mlflow.register_model(trained.model.model_uri, name)
    client.set_registered_model_alias(name, "champion", "1")
    assert np.array_equal(walk.predict_sklearn(f"models:/{name}@champion", data), sklearn_runs[0].predicted)
    client.set_registered_model_alias(name, "champion", "2")
    assert client.get_model_version_by_alias(name, "champion").version == "2"
    assert client.get_model_version(name, "1").aliases == []
    assert client.get_registered_model(name).aliases == {"champion": "2"}
    predicted = walk.predict_sklearn(f"models:/{name}@champion", data)
    assert walk.accuracy(predicted, data.y_test) == sklearn_runs[1].accuracy
    client.delete_registered_model_alias(name, "champion")
    with pytest.raises(MlflowException) as refused:
        client.get_model_version_by_alias(name, "champion")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_descriptions_and_tags_change(client, sklearn_runs, unique):
    name = unique("digits")
    version = mlflow.register_model(sklearn_runs[0].model.model_uri, name).version
    client.update_registered_model(name, description="All **digits**")
    client.update_model_version(name, version, description="The first")
    client.set_registered_model_tag(name, "owner", "ada")
    client.set_model_version_tag(name, version, "checked", "yes")
    client.set_model_version_tag(name, version, "dropped", "soon")
    client.delete_model_version_tag(name, version, "dropped")
    model = client.get_registered_model(name)
    assert (model.description, model.tags["owner"]) == ("All **digits**", "ada")
    (latest,) = model.latest_versions
    assert (latest.description, latest.tags) == ("The first", {"checked": "yes"})


def test_pytorch_from_run_stage_and_alias(client, torch_run, data, unique):
    name = unique("digits-torch")
    signature = Model.load(torch_run.model.model_uri).signature
    assert signature.inputs.to_dict() == [
        {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": (-1, 1, 8, 8)}}
    ]
    assert np.array_equal(walk.predict_torch(f"runs:/{torch_run.run_id}/{walk.MODEL}", data), torch_run.predicted)
    mlflow.register_model(torch_run.model.model_uri, name)
    client.transition_model_version_stage(name, "1", "Production")
    client.set_registered_model_alias(name, "best", "1")
    for uri in (f"models:/{name}/1", f"models:/{name}/Production", f"models:/{name}@best"):
        predicted = walk.predict_torch(uri, data)
        assert np.array_equal(predicted, torch_run.predicted)
    assert walk.accuracy(predicted, data.y_test) == torch_run.accuracy > 0.9


@pytest.mark.beyond_mlflow
def test_pytorch_version_from_a_runs_location_loads(client, torch_run, data, unique):
    name = unique("digits-torch")
    walk.ensure_registered_model(client, name, "Sees digits", {})
    walk.add_version(client, name, torch_run, "convolution")
    assert np.array_equal(walk.predict_torch(f"models:/{name}/1", data), torch_run.predicted)

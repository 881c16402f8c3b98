"""Logged models, the registry and prompts, on each pair of backends."""

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException

ENGLISH = "Translate to {{ language }}: {{ text }}"


class Doubles(mlflow.pyfunc.PythonModel):
    """The smallest of models."""

    def predict(self, context, model_input, params=None):
        return np.asarray(model_input) * 2


def log_doubles(name="model", **options):
    return mlflow.pyfunc.log_model(name=name, python_model=Doubles(), pip_requirements=[], **options)


# Logged models


def test_logged_models_are_searched(client, experiment):
    for number in range(3):
        with mlflow.start_run():
            mlflow.log_params({"depth": number})
            info = log_doubles(name=f"m{number}", tags={"kind": "odd" if number % 2 else "even"})
            mlflow.log_metric("score", number / 10, model_id=info.model_id)
    best_first = client.search_logged_models(
        [experiment], order_by=[{"field_name": "metrics.score", "ascending": False}]
    )
    assert [model.name for model in best_first] == ["m2", "m1", "m0"]
    assert [metric.value for metric in best_first[0].metrics] == [0.2]
    for wanted, name in (
        ("metrics.score > 0.05 AND tags.kind = 'odd'", "m1"),
        ("params.depth = '0'", "m0"),
        ("name = 'm2'", "m2"),
    ):
        assert [model.name for model in client.search_logged_models([experiment], wanted)] == [name]


def test_logged_model_life(client, experiment):
    model = mlflow.initialize_logged_model(name="external", params={"a": "1"}, tags={"t": "1"})
    assert model.status == "PENDING"
    assert mlflow.finalize_logged_model(model.model_id, "READY").status == "READY"
    mlflow.set_logged_model_tags(model.model_id, {"u": "2"})
    mlflow.delete_logged_model_tag(model.model_id, "t")
    mlflow.log_model_params({"b": "2"}, model_id=model.model_id)
    again = mlflow.get_logged_model(model.model_id)
    assert again.params == {"a": "1", "b": "2"} and again.tags["u"] == "2" and "t" not in again.tags
    client.delete_logged_model(model.model_id)
    assert client.search_logged_models([experiment], f"name = '{model.name}'") == []


# Registry


def test_registered_models_are_searched_and_paged(client, unique):
    word = unique("zoo")
    for number in range(5):
        client.create_registered_model(f"{word}-{number}", tags={"legs": str(number)})
    search = {"filter_string": f"name LIKE '{word}-%'", "max_results": 2, "order_by": ["name DESC"]}
    page = client.search_registered_models(**search)
    seen = [model.name for model in page]
    while page.token:
        page = client.search_registered_models(**search, page_token=page.token)
        seen += [model.name for model in page]
    assert seen == [f"{word}-{number}" for number in (4, 3, 2, 1, 0)]
    four = client.search_registered_models(f"name ILIKE '{word.upper()}%' AND tags.legs = '4'")
    assert [model.name for model in four] == [f"{word}-4"]


def test_registered_model_is_renamed_and_deleted(client, experiment, unique):
    old, new = unique("old"), unique("new")
    with mlflow.start_run():
        log_doubles(registered_model_name=old)
    client.set_registered_model_alias(old, "best", 1)
    client.rename_registered_model(old, new)
    assert client.get_model_version_by_alias(new, "best").name == new
    assert mlflow.pyfunc.load_model(f"models:/{new}@best").predict([2]) == [4]
    with pytest.raises(MlflowException) as refused:
        client.get_registered_model(old)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.delete_registered_model(new)
    assert client.search_model_versions(f"name='{new}'") == []


def test_deleted_version_number_is_not_used_again(client, experiment, unique):
    name = unique("numbers")
    with mlflow.start_run():
        info = log_doubles(registered_model_name=name)
    mlflow.register_model(info.model_uri, name)
    client.delete_model_version(name, "2")
    assert str(mlflow.register_model(info.model_uri, name).version) == "3"
    assert {version.version for version in client.search_model_versions(f"name='{name}'")} == {"1", "3"}
    with pytest.raises(MlflowException) as refused:
        client.get_model_version(name, "2")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_version_is_copied(client, experiment, unique):
    staging, production = unique("staging"), unique("production")
    with mlflow.start_run() as run:
        log_doubles(registered_model_name=staging)
    copied = client.copy_model_version(f"models:/{staging}/1", production)
    assert (copied.name, str(copied.version), copied.run_id) == (production, "1", run.info.run_id)
    assert copied.source == f"models:/{staging}/1"
    assert mlflow.pyfunc.load_model(f"models:/{production}/1").predict([3]) == [6]


def test_versions_are_searched(client, experiment, unique):
    name = unique("versions")
    runs = []
    for _ in range(3):
        with mlflow.start_run() as run:
            log_doubles(registered_model_name=name)
        runs.append(run.info.run_id)
    client.set_model_version_tag(name, "2", "checked", "yes")

    def found(wanted, **options):
        return [version.version for version in client.search_model_versions(wanted, **options)]

    assert found(f"name = '{name}'", order_by=["version_number ASC"]) == ["1", "2", "3"]
    assert found(f"run_id = '{runs[2]}'") == ["3"]
    assert found(f"name = '{name}' AND tags.checked = 'yes'") == ["2"]
    assert len(found(f"name = '{name}'", max_results=2)) == 2


def test_registry_errors_name_their_cause(client, unique):
    name = unique("none")
    for ask in (
        lambda: client.get_registered_model(name),
        lambda: client.get_model_version(name, "1"),
        lambda: client.update_registered_model(name, "x"),
        lambda: client.create_model_version(name, "s3://bucket/path"),
        lambda: client.transition_model_version_stage(name, "1", "Staging"),
    ):
        with pytest.raises(MlflowException) as refused:
            ask()
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
        assert name in refused.value.message


# Prompts


def test_prompts(client, unique):
    name = unique("translate")
    first = mlflow.genai.register_prompt(name, ENGLISH, commit_message="first", tags={"task": "translation"})
    second = mlflow.genai.register_prompt(name, ENGLISH + "!", commit_message="louder")
    assert (first.version, second.version) == (1, 2)
    mlflow.genai.set_prompt_alias(name, "live", 1)
    loaded = mlflow.genai.load_prompt(f"prompts:/{name}@live")
    assert loaded.template == ENGLISH and loaded.commit_message == "first"
    assert loaded.format(language="German", text="hi") == "Translate to German: hi"
    assert mlflow.genai.load_prompt(name, version=2).template == ENGLISH + "!"
    assert [prompt.name for prompt in mlflow.genai.search_prompts(f"name = '{name}'")] == [name]
    # A prompt is no model, wherever models are listed.
    assert client.search_registered_models(f"name = '{name}'") == []
    with pytest.raises(MlflowException):
        client.create_registered_model(name)

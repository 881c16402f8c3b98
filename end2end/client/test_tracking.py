"""Experiments, runs and metrics: each test is one habit of people who use the client, on each pair of backends."""

import math
import threading
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException


def ids(runs):
    return [run.info.run_id for run in runs]


# Experiments


def test_experiment_life(client, unique):
    name = unique("experiment")
    experiment_id = client.create_experiment(name, tags={"team": "vision"})
    client.set_experiment_tag(experiment_id, "mlflow.note.content", "Why we do this")
    found = client.get_experiment_by_name(name)
    assert (found.experiment_id, found.lifecycle_stage) == (experiment_id, "active")
    assert found.tags == {"team": "vision", "mlflow.note.content": "Why we do this"}
    assert found.artifact_location.endswith(f"/{experiment_id}")

    client.rename_experiment(experiment_id, f"{name}-new")
    assert client.get_experiment(experiment_id).name == f"{name}-new"
    assert client.get_experiment_by_name(name) is None

    client.delete_experiment(experiment_id)
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    wanted = f"name = '{name}-new'"
    assert client.search_experiments(filter_string=wanted) == []
    assert len(client.search_experiments(filter_string=wanted, view_type=ViewType.DELETED_ONLY)) == 1
    with pytest.raises(MlflowException):
        client.create_run(experiment_id)
    client.restore_experiment(experiment_id)
    assert client.create_run(experiment_id).info.experiment_id == experiment_id


def test_experiment_of_a_taken_or_wrong_name_is_refused(client, unique):
    name = unique("experiment")
    client.create_experiment(name)
    for taken, code in ((name, "RESOURCE_ALREADY_EXISTS"), ("", "INVALID_PARAMETER_VALUE")):
        with pytest.raises(MlflowException) as refused:
            client.create_experiment(taken)
        assert refused.value.error_code == code


def test_default_experiment_is_there(client):
    default = client.get_experiment("0")
    assert (default.name, default.lifecycle_stage) == ("Default", "active")


def test_experiments_are_searched_and_paged(client, unique):
    word = unique("many")
    for number in range(7):
        client.create_experiment(f"{word}-{number}", tags={"parity": "even" if number % 2 == 0 else "odd"})
    search = {"filter_string": f"name LIKE '{word}-%'", "order_by": ["name ASC"], "max_results": 3}
    page = client.search_experiments(**search)
    seen = [e.name for e in page]
    while page.token:
        page = client.search_experiments(**search, page_token=page.token)
        seen += [e.name for e in page]
    assert seen == [f"{word}-{number}" for number in range(7)]
    assert len(client.search_experiments(filter_string=f"name LIKE '{word}-%' AND tags.parity = 'odd'")) == 3
    assert len(client.search_experiments(filter_string=f"name ILIKE '{word.upper()}-%'")) == 7


# Runs


def test_nested_runs(client, experiment):
    with mlflow.start_run(run_name="parent") as parent:
        for depth in (2, 3):
            with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
                mlflow.log_param("depth", depth)
    wanted = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    children = client.search_runs([experiment], wanted, order_by=["params.depth"])
    assert [run.info.run_name for run in children] == ["depth-2", "depth-3"]


def test_failed_run_says_so(client, experiment):
    with pytest.raises(ZeroDivisionError):
        with mlflow.start_run() as run:
            _ = 1 / 0
    assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_run_is_resumed_renamed_deleted_restored(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_param("a", 1)
    run_id = run.info.run_id
    with mlflow.start_run(run_id=run_id):
        mlflow.log_param("b", 2)
        assert client.get_run(run_id).info.status == "RUNNING"
    client.update_run(run_id, name="renamed")
    again = client.get_run(run_id)
    assert (again.info.status, again.info.run_name, again.data.params) == ("FINISHED", "renamed", {"a": "1", "b": "2"})
    client.delete_run(run_id)
    assert client.search_runs([experiment]) == []
    assert ids(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == [run_id]
    with pytest.raises(MlflowException):
        client.log_param(run_id, "c", 3)
    client.restore_run(run_id)
    assert ids(client.search_runs([experiment])) == [run_id]


def test_tags_are_set_changed_deleted(client, experiment):
    run_id = client.create_run(experiment, tags={"from": "creation"}).info.run_id
    client.set_tag(run_id, "stage", "draft")
    client.set_tag(run_id, "stage", "final")
    client.set_tag(run_id, "ünïcode / key", "välue 🎉")
    client.delete_tag(run_id, "from")
    tags = client.get_run(run_id).data.tags
    assert tags["stage"] == "final" and tags["ünïcode / key"] == "välue 🎉" and "from" not in tags
    with pytest.raises(MlflowException) as refused:
        client.delete_tag(run_id, "from")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_param_is_written_once(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.log_param(run_id, "rate", 0.1)
    client.log_param(run_id, "rate", 0.1)
    with pytest.raises(MlflowException) as refused:
        client.log_param(run_id, "rate", 0.2)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run_id).data.params == {"rate": "0.1"}


@pytest.fixture
def three_runs(client, experiment):
    """Runs a, b and c with rising scores; only b has a dataset, only c a metric whose name has a space."""
    kinds = {"a": ("tree", "red"), "b": ("net", None), "c": ("tree", "blue")}
    for number, (name, (kind, colour)) in enumerate(kinds.items(), start=1):
        run_id = client.create_run(experiment, start_time=1_700_000_000_000 + number, run_name=name).info.run_id
        client.log_metric(run_id, "score", {"a": 0.1, "b": 0.3, "c": 0.4}[name])
        client.log_param(run_id, "kind", kind)
        if colour:
            client.set_tag(run_id, "colour", colour)
        if name == "b":
            with mlflow.start_run(run_id=run_id):
                mlflow.log_input(mlflow.data.from_numpy(np.ones((2, 2)), name="iris"), context="training")
        if name == "c":
            client.log_metric(run_id, "with space", 2)
        client.set_terminated(run_id)
    return experiment


@pytest.mark.parametrize(
    ("filter_string", "expected"),
    [
        ("metrics.score > 0.25", ["c", "b"]),
        ("metrics.score <= 0.1", ["a"]),
        ("params.kind = 'tree'", ["c", "a"]),
        ("params.kind != 'tree'", ["b"]),
        ("params.kind LIKE 'n%'", ["b"]),
        ("tags.colour ILIKE 'R%'", ["a"]),
        ("attributes.run_name = 'b'", ["b"]),
        ("params.kind = 'tree' AND metrics.score > 0.2", ["c"]),
        ("metrics.`with space` > 1", ["c"]),
        ("status = 'RUNNING'", []),
        ("dataset.name = 'iris'", ["b"]),
        ("", ["c", "b", "a"]),
    ],
)
def test_runs_are_filtered(client, three_runs, filter_string, expected):
    found = client.search_runs([three_runs], filter_string, order_by=["metrics.score DESC"])
    assert [run.info.run_name for run in found] == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("metrics.score ASC", ["a", "b", "c"]),
        ("params.kind DESC, metrics.score DESC", ["c", "a", "b"]),
        ("tags.colour ASC", ["c", "a", "b"]),
        ("start_time DESC", ["c", "b", "a"]),
        ("attributes.run_name DESC", ["c", "b", "a"]),
    ],
)
def test_runs_are_ordered(client, three_runs, order, expected):
    found = client.search_runs([three_runs], order_by=order.split(", "))
    assert [run.info.run_name for run in found] == expected


def test_wrong_filters_are_refused(client, experiment):
    for wrong in ("metrics.score >", "nonsense", "metrics.score > 'a'", "params.kind > 1", "attributes.colour = 'red'"):
        with pytest.raises(MlflowException) as refused:
            client.search_runs([experiment], wrong)
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE", wrong


def test_runs_are_paged(client, experiment):
    created = [client.create_run(experiment, start_time=1_700_000_000_000 + n).info.run_id for n in range(25)]
    page = client.search_runs([experiment], max_results=10)
    seen, sizes = ids(page), [len(page)]
    while page.token:
        page = client.search_runs([experiment], max_results=10, page_token=page.token)
        seen += ids(page)
        sizes.append(len(page))
    assert sizes == [10, 10, 5]
    assert seen == created[::-1]


def test_search_runs_as_table(experiment):
    with mlflow.start_run(run_name="only"):
        mlflow.log_params({"p": "x"})
        mlflow.log_metrics({"m": 0.5})
    table = mlflow.search_runs([experiment])
    assert isinstance(table, pd.DataFrame) and len(table) == 1
    assert (table["params.p"][0], table["metrics.m"][0], table["status"][0]) == ("x", 0.5, "FINISHED")


# Metrics


def test_metric_history_keeps_every_point(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    for step, value in enumerate([3.0, 1.0, 2.0]):
        client.log_metric(run_id, "loss", value, timestamp=1000 + step, step=step)
    client.log_metric(run_id, "loss", 9.0, timestamp=5, step=1)
    history = sorted((m.step, m.timestamp, m.value) for m in client.get_metric_history(run_id, "loss"))
    assert history == [(0, 1000, 3.0), (1, 5, 9.0), (1, 1001, 1.0), (2, 1002, 2.0)]
    assert client.get_run(run_id).data.metrics == {"loss": 2.0}
    assert client.get_metric_history(run_id, "unknown") == []


def test_strange_numbers_survive(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    values = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "tiny": 5e-324, "precise": 0.1 + 0.2, "zero": -0.0}
    for key, value in values.items():
        client.log_metric(run_id, key, value, step=-5)
    metrics = client.get_run(run_id).data.metrics
    assert math.isnan(metrics["nan"])
    assert metrics["tiny"] == 5e-324 and metrics["precise"] == 0.1 + 0.2 and metrics["zero"] == 0
    assert metrics["inf"] > 1e308 and metrics["-inf"] < -1e308
    assert client.get_metric_history(run_id, "precise")[0].step == -5


def test_log_batch(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    metrics = [Metric(f"m{i % 4}", i, 1000 + i, i) for i in range(800)]
    params = [Param(f"p{i}", str(i)) for i in range(100)]
    client.log_batch(run_id, metrics, params, [RunTag(f"t{i}", str(i)) for i in range(100)])
    run = client.get_run(run_id)
    assert run.data.metrics == {"m0": 796, "m1": 797, "m2": 798, "m3": 799}
    assert len(run.data.params) == 100 and run.data.tags["t99"] == "99"
    assert len(client.get_metric_history(run_id, "m0")) == 200


def test_batch_is_all_or_nothing(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.log_param(run_id, "p", "old")
    with pytest.raises(MlflowException):
        client.log_batch(run_id, [Metric("m", 1, 1, 1)], [Param("p", "new")], [RunTag("t", "1")])
    run = client.get_run(run_id)
    assert run.data.params == {"p": "old"} and run.data.metrics == {}


def test_many_threads_log_to_one_run(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    failures = []

    def work(thread):
        try:
            for step in range(20):
                client.log_metric(run_id, f"m{thread}", step, step=step)
                client.log_param(run_id, f"p{thread}-{step}", step)
        except MlflowException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = client.get_run(run_id)
    assert not failures
    assert len(run.data.params) == 160 and run.data.metrics == {f"m{n}": 19 for n in range(8)}
    assert all(len(client.get_metric_history(run_id, f"m{n}")) == 20 for n in range(8))


def test_asynchronous_logging(client, experiment):
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.flush_async_logging()
    assert len(client.get_metric_history(run.info.run_id, "m")) == 50


# Errors that a client must see at once


def test_unknown_things_are_told_apart_at_once(client):
    start = time.monotonic()
    for ask in (
        lambda: client.get_run("0" * 32),
        lambda: client.get_experiment("987654321"),
        lambda: client.get_logged_model("m-" + "0" * 32),
        lambda: client.log_metric("0" * 32, "m", 1),
    ):
        with pytest.raises(MlflowException) as refused:
            ask()
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert time.monotonic() - start < 3

"""`ferroflow gc` and `ferroflow verify` beside a server that goes on serving, by the real client and the real binary."""

import json
import os
import signal
import subprocess
import threading
import uuid

import mlflow
import pytest
import requests

import backends
from server import BINARY, Server, clean_environment, run_once

KINDS = ["sqlite-folder", "postgres-s3"]


@pytest.fixture(params=KINDS)
def kept(request, tmp_path):
    """A server of its own, and the flags that a command needs to reach the same data."""
    if request.param == "sqlite-folder":
        args = ["--backend-store-uri", f"sqlite:///{tmp_path}/f.db", "--artifacts-destination", f"{tmp_path}/artifacts"]
        env = {}
    else:
        bucket = f"gc-{uuid.uuid4().hex[:12]}"
        args = ["--backend-store-uri", backends.create_database(backends.POSTGRES)]
        args += ["--artifacts-destination", f"s3://{bucket}/artifacts"]
        env = backends.S3
    server = Server(args, env=env, folder=tmp_path).start()
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_registry_uri(server.uri)
    try:
        yield server, args, env
        assert server.process.poll() is None, f"the server died:\n{server.output()}"
    finally:
        server.kill()


def command(kept, name, *flags):
    server, args, env = kept
    return run_once([name, *args, *flags], env)


def file_of(server, path):
    return requests.get(f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/{path}", timeout=30)


def test_gc_removes_what_the_client_deleted_and_nothing_else(kept):
    server = kept[0]
    client = mlflow.MlflowClient(server.uri)
    gone, stays = client.create_experiment("gone"), client.create_experiment("stays")
    in_gone = client.create_run(gone).info.run_id
    deleted, used, live = (client.create_run(stays).info.run_id for _ in range(3))
    for run_id in (in_gone, deleted, used, live):
        client.log_text(run_id, "text", "model/a.txt")
        client.log_batch(run_id, [mlflow.entities.Metric("m", step, 1, step) for step in range(1000)])
    model = client.create_logged_model(stays, name="logged")
    client.create_registered_model("m")
    client.create_model_version("m", f"runs:/{used}/model", run_id=used)
    client.create_registered_model("deleted")
    client.create_model_version("deleted", f"runs:/{live}/model", run_id=live)
    client.delete_experiment(gone)
    client.delete_run(deleted)
    client.delete_run(used)
    client.delete_logged_model(model.model_id)
    client.delete_registered_model("deleted")

    young = command(kept, "gc")
    assert young.returncode == 0 and young.stdout.startswith("Nothing removed"), young
    preview = command(kept, "gc", "--older-than", "0s", "--dry-run")
    assert f"Run with ID {deleted} would be permanently deleted: 1 files with 4 B" in preview.stdout
    assert client.get_run(deleted).info.lifecycle_stage == "deleted"
    done = command(kept, "gc", "--older-than", "0s")
    assert done.returncode == 0, done
    for line in (
        f"Run with ID {deleted} has been permanently deleted.",
        f"Experiment with ID {gone} has been permanently deleted.",
        f"Logged model with ID {model.model_id} has been permanently deleted.",
        "Registered model deleted has been permanently deleted.",
        f"Run with ID {used} stays: its files belong to version 1 of m.",
    ):
        assert line in done.stdout, done.stdout
    for run_id in (in_gone, deleted):
        with pytest.raises(mlflow.MlflowException, match="not found"):
            client.get_run(run_id)
    with pytest.raises(mlflow.MlflowException):
        client.get_experiment(gone)
    assert file_of(server, f"{gone}/{in_gone}/artifacts/model/a.txt").status_code == 404
    assert file_of(server, f"{stays}/{deleted}/artifacts/model/a.txt").status_code == 404
    assert client.get_run(live).data.metrics == {"m": 999.0}
    assert file_of(server, f"{stays}/{used}/artifacts/model/a.txt").text == "text"
    client.restore_run(used)
    client.create_experiment("gone")
    assert command(kept, "gc", "--older-than", "0s").stdout.startswith("Nothing removed")


def test_gc_of_what_is_named_refuses_what_is_in_use(kept):
    client = mlflow.MlflowClient(kept[0].uri)
    live, deleted, other = (client.create_run("0").info.run_id for _ in range(3))
    client.delete_run(deleted)
    client.delete_run(other)
    refused = command(kept, "gc", "--run-ids", f"{deleted},{live}")
    assert refused.returncode == 2
    assert f"Run {live} is not in `deleted` lifecycle stage." in refused.stderr
    assert client.get_run(deleted).info.lifecycle_stage == "deleted"
    done = command(kept, "gc", "--run-ids", deleted)
    assert done.returncode == 0 and f"Run with ID {deleted} has been permanently deleted." in done.stdout
    assert client.get_run(other).info.lifecycle_stage == "deleted"
    wrong = command(kept, "gc", "--older-than", "soon")
    assert wrong.returncode == 2 and "Could not parse any time information from 'soon'" in wrong.stderr


def test_gc_that_is_killed_goes_on_the_next_time_while_the_server_serves(kept):
    server, args, env = kept
    client = mlflow.MlflowClient(server.uri)
    runs = [client.create_run("0").info.run_id for _ in range(150)]
    for run_id in runs[:40]:
        client.log_text(run_id, "x", "a.txt")
    for run_id in runs:
        client.delete_run(run_id)
    stop, failures = threading.Event(), []

    def serve_on():
        session = requests.Session()
        while not stop.is_set():
            body = {"experiment_id": "0", "start_time": 1}
            answer = session.post(f"{server.uri}/api/2.0/mlflow/runs/create", json=body, timeout=30)
            if answer.status_code != 200:
                failures.append(answer.text)

    thread = threading.Thread(target=serve_on)
    thread.start()
    try:
        dying = subprocess.Popen(
            [BINARY, "gc", *args, "--older-than", "0s"], env=clean_environment(env), stdout=subprocess.PIPE, text=True
        )
        assert "permanently deleted" in dying.stdout.readline()
        os.kill(dying.pid, signal.SIGKILL)
        dying.wait()
        dying.stdout.close()
        done = command(kept, "gc", "--older-than", "0s", "--json")
        assert done.returncode == 0, done
        assert all(json.loads(line)["outcome"] == "removed" for line in done.stdout.splitlines())
    finally:
        stop.set()
        thread.join()
    assert failures == []
    found = client.search_runs(["0"], run_view_type=mlflow.entities.ViewType.DELETED_ONLY)
    assert len(found) == 0
    assert command(kept, "verify").returncode == 0


def test_verify_tells_what_is_not_as_it_was(kept):
    server = kept[0]
    client = mlflow.MlflowClient(server.uri)
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "hello", "good.txt")
    client.log_text(run_id, "hello", "bad.txt")
    answer = file_of(server, f"0/{run_id}/artifacts/good.txt")
    assert answer.headers["Repr-Digest"] == "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
    body = requests.get(
        f"{server.uri}/api/ferroflow/v1/artifacts/digests", params={"run_id": run_id}, timeout=30
    ).json()
    assert [f["sha256"][:8] for f in body["files"]] == ["2cf24dba"] * 2
    clean = command(kept, "verify")
    assert clean.returncode == 0 and clean.stdout.startswith("2 files, 10 B read, 0 without a digest"), clean

    if kept[2]:
        bucket = kept[1][-1].removeprefix("s3://").split("/")[0]
        backends.s3_client().put_object(Bucket=bucket, Key=f"artifacts/0/{run_id}/artifacts/bad.txt", Body=b"hellp")
    else:
        (server.folder / "artifacts" / "0" / run_id / "artifacts" / "bad.txt").write_text("hellp")
    rotten = command(kept, "verify", "--experiment", "Default", "--json")
    assert rotten.returncode == 1
    finding, summary = (json.loads(line) for line in rotten.stdout.splitlines())
    assert (finding["finding"], finding["location"]) == (
        "rotten",
        f"mlflow-artifacts:/0/{run_id}/artifacts/bad.txt",
    )
    assert summary["findings"] == 1
    nowhere = run_once(["verify", "--backend-store-uri", "sqlite:////nowhere/f.db"])
    assert nowhere.returncode == 2 and "there is no database at sqlite:////nowhere/f.db" in nowhere.stderr


def test_gc_over_http_is_off_unless_it_is_allowed(tmp_path):
    args = ["--backend-store-uri", f"sqlite:///{tmp_path}/f.db", "--artifacts-destination", f"{tmp_path}/artifacts"]
    server = Server(args, folder=tmp_path).start()
    try:
        url = f"{server.uri}/api/ferroflow/v1/gc"
        client = mlflow.MlflowClient(server.uri)
        run_id = client.create_run("0").info.run_id
        client.delete_run(run_id)
        preview = requests.post(url, json={"older_than": "0s"}, timeout=30).json()
        assert {"kind": "run", "count": 1} in preview["removed"] and preview["allowed"] is False
        refused = requests.post(url, json={"older_than": "0s", "dry_run": False}, timeout=30)
        assert (refused.status_code, refused.json()["error_code"]) == (403, "PERMISSION_DENIED")
        server.terminate()
        server.args = [*args, "--allow-gc"]
        server.start()
        begun = requests.post(url, json={"older_than": "0s", "dry_run": False}, timeout=30)
        assert begun.status_code == 200, begun.text
        while (progress := requests.get(url, timeout=30).json())["running"]:
            pass
        assert {"kind": "run", "count": 1} in progress["removed"]
        with pytest.raises(mlflow.MlflowException, match="not found"):
            client.get_run(run_id)
    finally:
        server.kill()

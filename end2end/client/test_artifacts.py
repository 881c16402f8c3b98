"""Files: every way in and out, on each pair of backends."""

import io
import uuid
import zipfile
from pathlib import Path
from urllib.parse import quote

import mlflow
import numpy as np
import pytest
import requests
from sklearn.linear_model import LinearRegression

import backends
from server import Server

MEGABYTE = 1024**2


def test_every_way_of_logging_artifacts(client, experiment, tmp_path):
    with mlflow.start_run() as run:
        mlflow.log_text("grüße", "texts/hello world.txt")
        mlflow.log_dict({"a": [1, 2]}, "data/config.json")
        mlflow.log_dict({"a": 1}, "data/config.yaml")
        mlflow.log_table({"q": ["x", "y"], "score": [1, 2]}, "tables/eval.json")
        mlflow.log_table({"q": ["z"], "score": [3]}, "tables/eval.json")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "images/black.png")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), key="steps", step=1)
    run_id = run.info.run_id
    uri = f"runs:/{run_id}"
    assert mlflow.artifacts.load_text(f"{uri}/texts/hello world.txt") == "grüße"
    assert mlflow.artifacts.load_dict(f"{uri}/data/config.json") == {"a": [1, 2]}
    assert mlflow.artifacts.load_image(f"{uri}/images/black.png").size == (8, 8)
    assert list(mlflow.load_table("tables/eval.json", run_ids=[run_id])["q"]) == ["x", "y", "z"]
    assert {entry.path for entry in client.list_artifacts(run_id)} == {"texts", "data", "tables", "images"}
    mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="data", dst_path=str(tmp_path))
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["config.json", "config.yaml"]


def test_folder_of_files_goes_up_and_comes_down(client, experiment, tmp_path):
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    files = {"one.bin": bytes(range(256)) * 4096, "deep/two.txt": b"", "deep/er/drei+vier ü.txt": b"3"}
    for path, content in files.items():
        (source / path).write_bytes(content)
    run_id = client.create_run(experiment).info.run_id
    client.log_artifacts(run_id, str(source), "all")
    target = tmp_path / "target"
    target.mkdir()
    client.download_artifacts(run_id, "all", str(target))
    assert {path: (target / "all" / path).read_bytes() for path in files} == files
    listed = {entry.path: entry.file_size for entry in client.list_artifacts(run_id, "all") if not entry.is_dir}
    assert listed == {"all/one.bin": MEGABYTE}


def test_folder_comes_as_one_archive(backend, client, experiment, unique):
    def archive(**of):
        return requests.get(f"{backend.uri}/api/ferroflow/v1/artifacts/archive", params=of, timeout=30)

    def unpacked(answer):
        assert answer.headers["Content-Type"] == "application/zip"
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
            assert files.testzip() is None
            return {name: files.read(name) for name in files.namelist()}

    with mlflow.start_run() as run:
        run_id = run.info.run_id
        for name in ("one.txt", "deep/zwei ü.txt", "deep/er/three.txt", "empty.txt"):
            mlflow.log_text("" if name == "empty.txt" else name, name)
        model = LinearRegression().fit([[0], [1]], [0, 1])
        model_id = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"]).model_id
    whole = unpacked(archive(run_id=run_id))
    own = {name for name in whole if not name.startswith(f"{run_id}/model/")}
    assert own == {f"{run_id}/{name}" for name in ("one.txt", "deep/zwei ü.txt", "deep/er/three.txt", "empty.txt")}
    assert whole[f"{run_id}/empty.txt"] == b""
    assert b"flavors" in whole[f"{run_id}/model/MLmodel"]
    deep = unpacked(archive(run_id=run_id, path="deep"))
    assert deep == {"deep/zwei ü.txt": "deep/zwei ü.txt".encode(), "deep/er/three.txt": b"deep/er/three.txt"}
    model = {name.removeprefix(f"{run_id}/"): data for name, data in whole.items() if name not in own}
    assert unpacked(archive(run_id=run_id, path="model")) == model
    assert unpacked(archive(model_id=model_id)) == {f"{model_id}{name[5:]}": data for name, data in model.items()}
    registered = unique("Ärchive")
    client.create_registered_model(registered)
    client.create_model_version(registered, f"models:/{model_id}", run_id, model_id=model_id)
    version = archive(name=registered, version="1")
    assert f"filename*=UTF-8''{quote(registered)}-1.zip" in version.headers["Content-Disposition"]
    assert unpacked(version) == {f"{registered}-1{name[5:]}": data for name, data in model.items()}

    for wrong, status in (
        ({"run_id": run_id, "path": "nowhere"}, 404),
        ({"run_id": run_id, "path": "one.txt"}, 404),
        ({"run_id": run_id, "path": "../.."}, 400),
        ({"run_id": run_id, "model_id": model_id}, 400),
        ({"name": registered, "version": "2"}, 404),
        ({"run_id": "0" * 32}, 404),
        ({}, 400),
    ):
        refused = archive(**wrong)
        assert (refused.status_code, "error_code" in refused.json()) == (status, True), wrong


def test_files_lie_where_the_backend_has_them(client, backend, experiment):
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "here", "a.txt")
    if backend.bucket is None:
        assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
        return
    root, folder = {
        "postgres-s3": ("mlflow-artifacts:/", "artifacts"),
        "postgres-direct-s3": (f"s3://{backend.bucket}/mlruns/", "mlruns"),
    }[backend.name]
    assert run.info.artifact_uri.startswith(root)
    key = f"{folder}/{experiment}/{run.info.run_id}/artifacts/a.txt"
    assert backends.s3_client().get_object(Bucket=backend.bucket, Key=key)["Body"].read() == b"here"


def test_big_file_in_parts(client, backend, experiment, tmp_path, monkeypatch):
    """As much as the client asks for parts, a server whose clients cannot reach S3 passes the file on by itself."""
    allow_parts(monkeypatch)
    big = tmp_path / "big file.bin"
    goes_up_and_comes_down(client, experiment, big)
    capabilities = requests.get(f"{backend.uri}/api/3.0/mlflow/server-info", timeout=30).json()
    assert not capabilities["multipart_uploads_enabled"] and not capabilities["multipart_downloads_enabled"]


@pytest.mark.beyond_mlflow
def test_big_file_in_parts_past_the_server(tmp_path, monkeypatch):
    """Where clients reach S3, it takes the parts from the client itself, by signed addresses."""
    bucket = f"client-{uuid.uuid4().hex[:12]}"
    args = [
        *("--backend-store-uri", f"sqlite:///{tmp_path}/ferroflow.db"),
        *("--artifacts-destination", f"s3://{bucket}/artifacts", "--public-s3-endpoint", backends.S3_ENDPOINT),
    ]
    server = Server(args, env=backends.S3, folder=tmp_path).start()
    try:
        mlflow.set_tracking_uri(server.uri)
        allow_parts(monkeypatch)
        key = goes_up_and_comes_down(mlflow.MlflowClient(server.uri), "0", tmp_path / "big file.bin")
        assert backends.s3_client().head_object(Bucket=bucket, Key=f"artifacts/{key}")["ETag"].endswith('-3"')
    finally:
        server.kill()


def allow_parts(monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true")
    for name in ("UPLOAD_MINIMUM_FILE_SIZE", "UPLOAD_CHUNK_SIZE", "DOWNLOAD_MINIMUM_FILE_SIZE", "DOWNLOAD_CHUNK_SIZE"):
        monkeypatch.setenv(f"MLFLOW_MULTIPART_{name}", str(5 * MEGABYTE))


def goes_up_and_comes_down(client, experiment, big: Path) -> str:
    """Logs a big file and compares what comes back; returns its path in the proxy."""
    big.write_bytes(np.random.default_rng(1).bytes(12 * MEGABYTE))
    run_id = client.create_run(experiment).info.run_id
    client.log_artifact(run_id, str(big), "deep")
    assert [entry.file_size for entry in client.list_artifacts(run_id, "deep")] == [12 * MEGABYTE]
    target = big.parent / "down"
    target.mkdir()
    local = client.download_artifacts(run_id, f"deep/{big.name}", str(target))
    assert Path(local).read_bytes() == big.read_bytes()
    return f"{experiment}/{run_id}/artifacts/deep/{big.name}"


def test_overwritten_artifact_is_the_new_one(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.log_text(run_id, "first and longer", "a.txt")
    client.log_text(run_id, "second", "a.txt")
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/a.txt") == "second"


def test_missing_artifacts(client, experiment, tmp_path):
    run_id = client.create_run(experiment).info.run_id
    assert client.list_artifacts(run_id) == []
    assert client.list_artifacts(run_id, "nowhere") == []
    with pytest.raises(Exception, match="(?i)nowhere|not found|does not exist|404|no such|no artifact"):
        client.download_artifacts(run_id, "nowhere.txt", str(tmp_path))

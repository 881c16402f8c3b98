"""What the real server does when things go wrong: killed, stopped, started wrongly, left without its database."""

import re
import subprocess
import threading
import time

import mlflow
import pytest
import requests

import backends
from server import ROOT, Server, clean_environment, free_port, run_once

WRITERS = 6
# How long a request may take that needs a database which is not there.
AT_ONCE_SECONDS = 6


@pytest.fixture
def serve(tmp_path):
    """Starts servers on one SQLite file and folder; kills those that the test left."""
    started = []

    def start(*args):
        args = args or (
            "--backend-store-uri",
            f"sqlite:///{tmp_path}/f.db",
            "--artifacts-destination",
            f"{tmp_path}/artifacts",
        )
        server = Server(list(args), folder=tmp_path)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        if server.process and server.process.poll() is None:
            server.kill()


def new_run(server):
    body = {"experiment_id": "0", "start_time": 1, "run_name": "r"}
    return server.post("runs/create", body).json()["run"]["info"]["run_id"]


def test_acknowledged_writes_survive_a_kill(serve):
    server = serve()
    run_id = new_run(server)
    acknowledged = [[] for _ in range(WRITERS)]

    def write(thread):
        session = requests.Session()
        for step in range(1_000_000):
            body = {"run_id": run_id, "key": f"m{thread}", "value": step, "timestamp": step, "step": step}
            try:
                answer = session.post(f"{server.uri}/api/2.0/mlflow/runs/log-metric", json=body, timeout=10)
            except requests.RequestException:
                return
            if answer.status_code == 200:
                acknowledged[thread].append(step)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    while sum(map(len, acknowledged)) < 500:
        assert server.process.poll() is None
        time.sleep(0.01)
    server.kill()
    for thread in threads:
        thread.join()

    server.start()
    for thread, steps in enumerate(acknowledged):
        metrics, token = [], ""
        while True:
            page = server.get(
                "metrics/get-history", run_id=run_id, metric_key=f"m{thread}", max_results=25000, page_token=token
            ).json()
            metrics += page.get("metrics", [])
            token = page.get("next_page_token", "")
            if not token:
                break
        kept = [int(m["step"]) for m in metrics]
        assert set(steps) <= set(kept), "an acknowledged write is lost"
        assert len(kept) == len(set(kept)), "a write is there twice"
        assert len(kept) <= len(steps) + 1, "a write is there that was never answered, beside the one under way"


def test_upload_that_is_cut_off_leaves_nothing_behind(serve):
    server = serve()
    url = f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/0/cut/artifacts/big.bin"

    def half_a_file():
        yield b"x" * 100_000
        server.kill()
        yield b"x"

    with pytest.raises(requests.RequestException):
        requests.put(url, data=half_a_file(), timeout=30)
    server.start()
    assert requests.get(url, timeout=10).status_code == 404
    listing = requests.get(f"{server.uri}/api/2.0/mlflow-artifacts/artifacts?path=0/cut/artifacts", timeout=10).json()
    assert listing.get("files", []) == []


def test_sigterm_ends_it_well_in_spite_of_an_idle_connection(serve):
    server = serve()
    with requests.Session() as session:
        assert session.get(f"{server.uri}/health", timeout=5).text == "OK"
        assert server.terminate(seconds=10) == 0


def test_sigterm_lets_an_upload_finish(serve, tmp_path):
    server = serve()
    url = f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/slow.bin"

    def slow_file():
        yield b"a" * 1000
        # The upload is under way as soon as something of it lies in the folder.
        while not any(path.is_file() for path in (tmp_path / "artifacts").rglob("*")):
            time.sleep(0.01)
        server.process.terminate()
        while "stopping" not in server.output():
            time.sleep(0.01)
        yield b"b" * 1000

    assert requests.put(url, data=slow_file(), timeout=30).status_code == 200
    assert server.process.wait(timeout=10) == 0
    server.start()
    assert requests.get(url, timeout=10).content == b"a" * 1000 + b"b" * 1000


def test_restart_keeps_everything(serve):
    server = serve()
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_experiment("kept")
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1)
        mlflow.log_text("here", "a.txt")
    assert server.terminate() == 0
    server.start()
    assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1}
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a.txt") == "here"


# Started wrongly: one sentence, and an exit code that says so.


def refusal(result):
    """The one sentence on standard error, without what was logged before it."""
    assert result.returncode not in (0, None)
    assert "panicked" not in result.stderr and "RUST_BACKTRACE" not in result.stderr
    sentences = [line for line in result.stderr.splitlines() if line.startswith(("ferroflow: ", "error: "))]
    assert len(sentences) == 1, result.stderr
    return sentences[0]


def test_unreachable_database_is_one_sentence():
    port = free_port()
    start = time.monotonic()
    result = run_once(
        ["server", "--port", str(free_port()), "--backend-store-uri", f"postgresql://ada:secret@127.0.0.1:{port}/none"]
    )
    sentence = refusal(result)
    assert str(port) in sentence and "secret" not in result.stderr + result.stdout
    assert time.monotonic() - start < 30


def test_folder_that_can_not_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result = run_once(["server", "--port", str(free_port()), "--backend-store-uri", f"sqlite:///{tmp_path}/file/f.db"])
    assert "file/f.db" in refusal(result)


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["server", "--no-such-flag"], "--no-such-flag"),
        (["server", "--port", "many"], "many"),
        (["server", "--backend-store-uri", "oracle://db/x"], "oracle"),
        (["server", "--no-serve-artifacts", "--default-artifact-root", "mlflow-artifacts:/"], "--no-serve-artifacts"),
        (["server", "--app-name", "basic-auth"], "basic-auth"),
        (["server", "--enable-workspaces"], "--enable-workspaces"),
        (["serve"], "serve"),
    ],
)
def test_wrong_flag_is_named(args, named):
    assert named in refusal(run_once(args))


def test_taken_port_is_one_sentence(serve, tmp_path):
    server = serve()
    result = run_once(["server", "--port", str(server.port), "--backend-store-uri", f"sqlite:///{tmp_path}/other.db"])
    assert str(server.port) in refusal(result)


def test_flags_without_meaning_are_taken(serve):
    server = serve("--gunicorn-opts", "-t 9", "--read-replica-backend-store-uri", "postgresql://replica/x")
    assert "--read-replica-backend-store-uri has no meaning here" in server.output()


def test_requests_are_counted_for_prometheus(serve, tmp_path):
    server = serve("--expose-prometheus", str(tmp_path))
    server.get("experiments/get", experiment_id="0")
    server.get("experiments/get", experiment_id="404")
    requests.get(f"{server.uri}/no/such/path", timeout=30)
    figures = requests.get(f"{server.uri}/metrics", timeout=30)
    assert figures.headers["content-type"].startswith("application/openmetrics-text")
    lines = figures.text.splitlines()
    assert 'mlflow_http_request_total{method="GET",status="200"} 1' in lines
    assert 'mlflow_http_request_total{method="GET",status="404"} 2' in lines
    labels = 'method="GET",path="/api/2.0/mlflow/experiments/get",status="200"'
    assert f"mlflow_http_request_duration_seconds_count{{{labels}}} 1" in lines
    assert not any("health" in line for line in lines)


def test_health_command(serve):
    server = serve()
    assert run_once(["health", "--port", str(server.port)]).returncode == 0
    assert run_once(["health", "--port", str(free_port())]).returncode != 0


# PostgreSQL goes away and comes back.


@pytest.fixture
def own_postgres():
    """A PostgreSQL of this test's own, which it may stop."""
    script = str(ROOT / "scripts" / "services.sh")
    printed = subprocess.run(
        [script, "start", "postgres"], env=clean_environment(), capture_output=True, text=True, check=True
    )
    told = dict(re.findall(r"^export (\w+)=(.*)$", printed.stdout, re.MULTILINE))
    env = clean_environment(told)

    class Postgres:
        uri = told["FERROFLOW_TEST_POSTGRES"]

        def pause(self):
            subprocess.run([script, "pause", "postgres"], env=env, check=True, timeout=60)

        def resume(self):
            subprocess.run([script, "resume", "postgres"], env=env, check=True, timeout=60)

    yield Postgres()
    subprocess.run([script, "stop"], env=env, check=True, timeout=60)


def test_stopped_postgres_is_503_at_once_and_comes_back(serve, own_postgres, tmp_path):
    database = backends.create_database(own_postgres.uri)
    server = serve("--backend-store-uri", database, "--artifacts-destination", f"{tmp_path}/artifacts")
    run_id = new_run(server)
    own_postgres.pause()
    for ask in (
        lambda: server.get("runs/get", run_id=run_id),
        lambda: server.post("experiments/create", {"name": "x"}),
    ):
        start = time.monotonic()
        answer = ask()
        assert time.monotonic() - start < AT_ONCE_SECONDS
        assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert "postgres" not in answer.text.lower() and str(own_postgres.uri.split(":")[-1]) not in answer.text
    assert requests.get(f"{server.uri}/version", timeout=5).status_code == 200

    own_postgres.resume()
    deadline = time.monotonic() + 15
    while server.get("runs/get", run_id=run_id).status_code != 200:
        assert time.monotonic() < deadline, "the server did not find its database again"
        time.sleep(0.1)
    assert server.post("experiments/create", {"name": "after"}).status_code == 200
    assert server.process.poll() is None

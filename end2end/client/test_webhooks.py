"""Webhooks: the client's own API for them, and what a real receiver gets, on both databases."""

import base64
import os
import stat
import threading
import time

import mlflow
import pytest
from mlflow.entities.webhook import VALID_ENTITY_ACTIONS
from mlflow.exceptions import MlflowException

import backends
from receiver import Receiver, certificate
from server import Server, run_once

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
# Receivers of these tests are on this machine.
LOCAL = {
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "2",
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": KEY,
}
ALL_EVENTS = [f"{entity.value}.{action.value}" for entity, actions in VALID_ENTITY_ACTIONS.items() for action in actions]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/hooks.db"
    return backends.create_database(backends.POSTGRES)


@pytest.fixture
def serve(tmp_path):
    """Starts servers; kills those that the test left."""
    started = []

    def start(database, env=LOCAL):
        args = ["--backend-store-uri", database, "--artifacts-destination", f"{tmp_path}/artifacts"]
        server = Server(args, env=env, folder=tmp_path)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        if server.process and server.process.poll() is None:
            server.kill()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def client_of(server):
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_registry_uri(server.uri)
    return mlflow.MlflowClient(server.uri)


def test_webhooks_are_managed_by_the_client(serve, database):
    client = client_of(serve(database))
    first = client.create_webhook("first", "https://example.com/a", ["prompt.created", "model_version.created"])
    assert [str(event) for event in first.events] == ["model_version.created", "prompt.created"]
    assert (first.status, first.description, first.secret) == ("ACTIVE", None, None)
    second = client.create_webhook(
        "second", "https://example.com/b", ["prompt.created"], description="d", secret="s3cret", status="DISABLED"
    )
    assert (second.status, second.description, second.secret) == ("DISABLED", "d", None)
    assert client.get_webhook(second.webhook_id).name == "second"
    page = client.list_webhooks(max_results=1)
    rest = client.list_webhooks(max_results=1, page_token=page.token)
    assert [w.name for w in [*page, *rest]] == ["second", "first"] and not rest.token

    changed = client.update_webhook(first.webhook_id, name="other", events=["registered_model.created"], status="DISABLED")
    assert (changed.name, changed.url, changed.status) == ("other", "https://example.com/a", "DISABLED")
    assert [str(event) for event in changed.events] == ["registered_model.created"]
    client.delete_webhook(first.webhook_id)
    for ask in (client.get_webhook, client.delete_webhook, client.test_webhook):
        with pytest.raises(MlflowException, match=f"Webhook with ID {first.webhook_id} not found") as refused:
            ask(first.webhook_id)
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(MlflowException, match="Webhook name '-' is invalid"):
        client.create_webhook("-", "https://example.com", ["prompt.created"])


def test_every_change_is_told_once_and_signed(serve, database, receiver, unique):
    client = client_of(serve(database))
    client.create_webhook("all", receiver.url("/all"), ALL_EVENTS, secret="s3cret")
    name, prompt = unique("model"), unique("prompt")
    client.create_registered_model(name, tags={"a": "1"})
    client.create_model_version(name, "s3://bucket/model", tags={"q": "2"})
    client.set_model_version_tag(name, "1", "k", "v")
    client.delete_model_version_tag(name, "1", "k")
    client.set_registered_model_alias(name, "best", "1")
    client.delete_registered_model_alias(name, "best")
    client.set_registered_model_tag(name, "not", "told")
    client.update_registered_model(name, "not told")
    mlflow.genai.register_prompt(prompt, "Hello {{x}}", commit_message="first", tags={"t": "1"})
    mlflow.genai.set_prompt_alias(prompt, "live", 1)
    mlflow.genai.delete_prompt_alias(prompt, "live")
    client.set_prompt_tag(prompt, "k", "v")
    client.delete_prompt_tag(prompt, "k")
    client.set_prompt_version_tag(prompt, "1", "k", "v")
    client.delete_prompt_version_tag(prompt, "1", "k")

    of_model = [
        ("registered_model.created", {"name": name, "tags": {"a": "1"}, "description": ""}),
        (
            "model_version.created",
            {
                "name": name,
                "version": "1",
                "source": "s3://bucket/model",
                "run_id": None,
                "tags": {"q": "2"},
                "description": None,
            },
        ),
        ("model_version_tag.set", {"name": name, "version": "1", "key": "k", "value": "v"}),
        ("model_version_tag.deleted", {"name": name, "version": "1", "key": "k"}),
        ("model_version_alias.created", {"name": name, "alias": "best", "version": "1"}),
        ("model_version_alias.deleted", {"name": name, "alias": "best"}),
    ]
    of_prompt = [
        ("prompt.created", {"name": prompt, "tags": {"t": "1"}, "description": "first"}),
        (
            "prompt_version.created",
            {
                "name": prompt,
                "version": "1",
                "template": "Hello {{x}}",
                "tags": {"t": "1"},
                "description": "first",
            },
        ),
        ("prompt_alias.created", {"name": prompt, "alias": "live", "version": "1"}),
        ("prompt_alias.deleted", {"name": prompt, "alias": "live"}),
        ("prompt_tag.set", {"name": prompt, "key": "k", "value": "v"}),
        ("prompt_tag.deleted", {"name": prompt, "key": "k"}),
        ("prompt_version_tag.set", {"name": prompt, "version": "1", "key": "k", "value": "v"}),
        ("prompt_version_tag.deleted", {"name": prompt, "version": "1", "key": "k"}),
    ]
    wanted = of_model + of_prompt

    # The client links the prompt to the experiment on its own, at a moment of its own.
    told = receiver.wait_for(len(wanted), wanted=lambda r: r.data.get("key") != "_mlflow_experiment_ids")
    assert sorted(((r.event, r.data) for r in told), key=repr) == sorted(wanted, key=repr)
    assert len({r.id for r in receiver.received}) == len(receiver.received)
    for request in receiver.received:
        assert request.is_signed_with("s3cret") and not request.is_signed_with("other")
        assert request.path == "/all" and request.headers["Content-Type"] == "application/json"
        assert abs(int(request.headers["X-MLflow-Timestamp"]) - time.time()) < 60
        assert abs(request.time.timestamp() - time.time()) < 60


def test_a_failing_receiver_is_tried_again(serve, database, receiver, unique):
    client = client_of(serve(database))
    hook = client.create_webhook("flaky", receiver.url(), ["registered_model.created"], secret="s3cret")
    receiver.replies = [503, 500]
    name = unique("flaky")
    client.create_registered_model(name)
    requests = receiver.wait_for(3)
    assert len({(r.id, r.body) for r in requests}) == 1 and requests[0].data["name"] == name
    assert all(r.is_signed_with("s3cret") for r in requests)
    # What the receiver refuses for good is not repeated, and holds up nothing.
    receiver.replies = [404]
    client.create_registered_model(unique("refused"))
    last = unique("last")
    client.create_registered_model(last)
    assert {r.data["name"] for r in receiver.wait_for(5)[3:]} >= {last}
    client.update_webhook(hook.webhook_id, status="DISABLED")
    client.create_registered_model(unique("untold"))
    time.sleep(2.5)
    assert len(receiver.received) == 5


def test_a_webhook_is_tried_out(serve, database, receiver):
    client = client_of(serve(database))
    hook = client.create_webhook("test", receiver.url(), ["prompt.created", "model_version.created"], secret="s3cret")
    receiver.replies = [200, 201, 404, 302]
    first = client.test_webhook(hook.webhook_id)
    assert (first.success, first.response_status, first.response_body, first.error_message) == (True, 200, "hello", None)
    assert client.test_webhook(hook.webhook_id, "prompt_version.created").success
    for status in (404, 302):
        result = client.test_webhook(hook.webhook_id)
        assert (result.success, result.response_status) == (False, status)
    assert [r.event for r in receiver.received] == [
        "model_version.created",
        "prompt_version.created",
        "model_version.created",
        "model_version.created",
    ]
    assert receiver.received[1].data["template"] == "Hello {{name}}!"
    assert all(r.is_signed_with("s3cret") for r in receiver.received)
    receiver.replies = [threading.Event()]
    silent = client.test_webhook(hook.webhook_id)
    assert not silent.success and silent.error_message == "Failed to test webhook: no answer within 2 seconds"
    client.update_webhook(hook.webhook_id, url="http://127.0.0.1:1/")
    gone = client.test_webhook(hook.webhook_id)
    assert not gone.success and "cannot connect" in gone.error_message


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_what_waits_survives_the_server(serve, database, receiver, unique, end):
    server = serve(database)
    client = client_of(server)
    client.create_webhook("patient", receiver.url(), ["registered_model.created"], secret="s3cret")
    receiver.replies = [threading.Event() for _ in range(4)]
    names = [unique("waits") for _ in range(6)]
    for name in names:
        client.create_registered_model(name)
    # Four are under way when the server ends, and two have yet to be taken.
    receiver.wait_for(4)
    under_way = {r.id for r in receiver.received}
    getattr(server, end)()
    server.start()
    # With PostgreSQL another server could be at it: what a killed one held is free again after 2 + 15 seconds.
    told = receiver.wait_for(6, seconds=40, wanted=lambda request: request.reply == 200)
    assert {r.data["name"] for r in told} == set(names)
    assert under_way <= {r.id for r in told} and all(r.is_signed_with("s3cret") for r in told)
    time.sleep(0.5)
    assert len(receiver.received) == 4 + 6


def test_several_servers_tell_everything_once(serve, receiver, unique):
    database = backends.create_database(backends.POSTGRES)
    clients = [client_of(serve(database)) for _ in range(3)]
    clients[0].create_webhook("one", receiver.url(), ["registered_model.created"])
    names = [unique("many") for _ in range(60)]
    threads = [
        threading.Thread(target=lambda n: [clients[n].create_registered_model(name) for name in names[n::3]], args=(n,))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    receiver.wait_for(60)
    time.sleep(3)
    assert sorted(r.data["name"] for r in receiver.received) == sorted(names)


def test_https_is_verified(serve, tmp_path, unique):
    trusted, other = certificate(tmp_path / "trusted.pem"), certificate(tmp_path / "other.pem")
    client = client_of(serve(f"sqlite:///{tmp_path}/tls.db", {**LOCAL, "SSL_CERT_FILE": trusted}))
    for certificate_file, success in ((trusted, True), (other, False)):
        receiver = Receiver(tls=certificate_file)
        for host in ("localhost", "127.0.0.1"):
            hook = client.create_webhook("tls", receiver.url("/", host, "https"), ["prompt.created"])
            result = client.test_webhook(hook.webhook_id)
            assert result.success == success, result
            assert success or "TLS failed" in result.error_message
        assert len(receiver.received) == (2 if success else 0)
        receiver.close()


def test_by_default_only_public_https_is_told(serve, tmp_path, receiver):
    client = client_of(serve(f"sqlite:///{tmp_path}/strict.db", {}))
    for url, message in (
        (receiver.url(), "Invalid webhook URL scheme: 'http'. Allowed schemes are: https."),
        ("https://127.0.0.1/", "must not resolve to a non-public IP address. '127.0.0.1' resolves to 127.0.0.1."),
        ("https://localhost/", "must not resolve to a non-public IP address. 'localhost' resolves to "),
        ("https://169.254.169.254/latest", "must not resolve to a non-public IP address."),
        ("https://[::ffff:10.0.0.1]/", "must not resolve to a non-public IP address."),
        ("https://", "Webhook URL must include a hostname: 'https://'"),
    ):
        with pytest.raises(MlflowException) as refused:
            client.create_webhook("inside", url, ["prompt.created"])
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE" and message in refused.value.message


def test_an_address_that_was_allowed_is_checked_again(serve, tmp_path, receiver, unique):
    database = f"sqlite:///{tmp_path}/again.db"
    server = serve(database)
    hook = client_of(server).create_webhook("local", receiver.url(), ["registered_model.created"])
    server.terminate()
    strict = client_of(serve(database, {**LOCAL, "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "false"}))
    strict.create_registered_model(unique("inside"))
    result = strict.test_webhook(hook.webhook_id)
    assert not result.success and "non-public IP address" in result.error_message
    time.sleep(1)
    assert receiver.received == []


def test_secrets_are_encrypted_with_a_key_that_the_server_must_have(serve, tmp_path, receiver):
    path = tmp_path / "secrets.db"
    own = {k: v for k, v in LOCAL.items() if "KEY" not in k}
    server = serve(f"sqlite:///{path}", own)
    hook = client_of(server).create_webhook("own", receiver.url(), ["prompt.created"], secret="open-sesame-123")
    key_file = tmp_path / "secrets.db.webhook-key"
    assert stat.S_IMODE(os.stat(key_file).st_mode) == 0o600
    assert client_of(server).test_webhook(hook.webhook_id).success
    server.terminate()
    assert all(b"open-sesame-123" not in file.read_bytes() for file in tmp_path.glob("secrets.db*"))
    assert "open-sesame-123" not in server.output()
    # The key of the file can be moved to the environment; any other one is none.
    moved = serve(f"sqlite:///{path}", {**own, "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": key_file.read_text().strip()})
    assert client_of(moved).test_webhook(hook.webhook_id).success
    assert receiver.received[-1].is_signed_with("open-sesame-123")
    moved.terminate()
    other = serve(f"sqlite:///{path}", LOCAL)
    refused = client_of(other).test_webhook(hook.webhook_id)
    assert not refused.success and "encrypted with another key" in refused.error_message
    assert "secrets of webhooks were encrypted with a key that the server does not have" in other.output()
    wrong = run_once(
        ["server", "--backend-store-uri", f"sqlite:///{path}", "--port", "0"],
        {"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "hunter2"},
    )
    assert wrong.returncode == 1 and "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY is no key" in wrong.stderr


def test_postgres_takes_no_secret_without_a_key(serve, receiver):
    own = {k: v for k, v in LOCAL.items() if "KEY" not in k}
    client = client_of(serve(backends.create_database(backends.POSTGRES), own))
    with pytest.raises(MlflowException, match="has no key to encrypt webhook secrets with") as refused:
        client.create_webhook("secret", receiver.url(), ["prompt.created"], secret="s")
    assert refused.value.error_code == "NOT_IMPLEMENTED"
    assert client.test_webhook(client.create_webhook("open", receiver.url(), ["prompt.created"]).webhook_id).success

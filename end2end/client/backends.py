"""The pairs of metadata and artifact stores that the client's tests run on."""

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import psycopg2

from server import Server

# What scripts/services.sh told; taken out of the environment, where it would configure the client as well.
POSTGRES = os.environ.pop("FERROFLOW_TEST_POSTGRES", None)
S3_ENDPOINT = os.environ.pop("FERROFLOW_TEST_S3_ENDPOINT", None)
AWS = {key: os.environ.pop(key) for key in list(os.environ) if key.startswith("AWS_") and key != "AWS_CA_BUNDLE"}
S3 = {**AWS, "AWS_DEFAULT_REGION": AWS.get("AWS_REGION", "us-east-1"), "MLFLOW_S3_ENDPOINT_URL": S3_ENDPOINT or ""}

NAMES = ["sqlite-folder", "postgres-s3", "postgres-direct-s3"]


@dataclass
class Backend:
    """A running server, and what its client needs in the environment."""

    name: str
    uri: str
    server: Server | None = None
    client_env: dict[str, str] = field(default_factory=dict)
    bucket: str | None = None


def create_database(base: str) -> str:
    """A new database on the test's PostgreSQL; returns its address."""
    name = f"client_{uuid.uuid4().hex[:12]}"
    connection = psycopg2.connect(f"{base}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return f"{base}/{name}"


def s3_client():
    return boto3.client(
        "s3",
        endpoint_url=S3_ENDPOINT,
        aws_access_key_id=AWS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=AWS["AWS_SECRET_ACCESS_KEY"],
        region_name=S3["AWS_DEFAULT_REGION"],
    )


def start(name: str, folder: Path) -> Backend:
    if name == "sqlite-folder":
        args = [
            "--backend-store-uri",
            f"sqlite:///{folder}/ferroflow.db",
            "--artifacts-destination",
            f"{folder}/artifacts",
        ]
        server = Server(args, folder=folder).start()
        return Backend(name, server.uri, server)
    if not POSTGRES or not S3_ENDPOINT:
        raise RuntimeError('no services to test with: eval "$(scripts/services.sh start)" first, or run `make test`')
    bucket = f"client-{uuid.uuid4().hex[:12]}"
    database = ["--backend-store-uri", create_database(POSTGRES)]
    if name == "postgres-s3":
        # The server makes the bucket; the client has no credentials and is not told where S3 is: it goes through the proxy.
        server = Server(
            [*database, "--artifacts-destination", f"s3://{bucket}/artifacts"], env=S3, folder=folder
        ).start()
        return Backend(name, server.uri, server, bucket=bucket)
    s3_client().create_bucket(Bucket=bucket)
    args = [*database, "--no-serve-artifacts", "--default-artifact-root", f"s3://{bucket}/mlruns"]
    server = Server(args, env=S3, folder=folder).start()
    return Backend(name, server.uri, server, client_env=S3, bucket=bucket)

"""Tells the story of `walk.py` on a running server: `python demo.py http://localhost:5000`."""

import contextlib
import io
import logging
import os
import sys
import time
import warnings

os.environ |= {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
warnings.filterwarnings("ignore")

BOLD, DIM, GREEN, RED, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m") if sys.stdout.isatty() else [""] * 5
)
started = time.monotonic()


def heading(text: str) -> None:
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


def told(text: str, *links: str) -> None:
    print(f"  {GREEN}✓{PLAIN} {text}  {DIM}{time.monotonic() - started:.1f} s{PLAIN}", flush=True)
    for link in links:
        print(f"      {link}", flush=True)


def quiet():
    """The client tells on standard error what the story tells already."""
    return contextlib.redirect_stderr(io.StringIO())


def check(right: bool, sentence: str) -> None:
    if not right:
        print(f"  {RED}✗ {sentence}{PLAIN}")
        sys.exit(1)


def main(uri: str) -> None:
    print(f"{DIM}Loading the Python client (mlflow, scikit-learn, PyTorch) …{PLAIN}", flush=True)
    import mlflow
    import numpy as np
    import requests
    from mlflow.exceptions import MlflowException

    import walk

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        requests.get(f"{uri}/health", timeout=10).raise_for_status()
    except requests.RequestException as error:
        check(
            False,
            f"No server answers at {uri} ({type(error).__name__}). Start one with `make run`, or name it: TRACKING_URI=…",
        )

    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient()
    data = walk.digits()

    heading("1. Runs of a scikit-learn network on handwritten digits")
    experiment = mlflow.set_experiment("digits")
    page = f"{uri}/experiments/{experiment.experiment_id}"
    told(f"experiment {experiment.name!r}", page)
    runs = []
    for hidden, rate in ((16, 0.001), (32, 0.01), (64, 0.01)):
        trained = walk.train_sklearn(data, hidden, rate, epochs=15)
        runs.append(trained)
        told(f"{hidden:>2} neurons, rate {rate}: accuracy {trained.accuracy:.4f}", f"{page}/runs/{trained.run_id}")
    worse, best = sorted(runs, key=lambda trained: trained.accuracy)[-2:]

    name = "digits-mlp"
    heading(f"2. The registry: model {name!r}, versions made from the runs")
    walk.ensure_registered_model(client, name, "Reads digits of 8 × 8 pixels", {"team": "vision"})
    told("registered model", f"{uri}/models/{name}")
    try:
        client.create_registered_model(name)
        check(False, "the same model was created twice")
    except MlflowException as refused:
        check(refused.error_code == "RESOURCE_ALREADY_EXISTS", f"refused with {refused.error_code}")
        told("a second one of that name is refused: RESOURCE_ALREADY_EXISTS")
    first = walk.add_version(client, name, worse, "The runner-up")
    second = walk.add_version(client, name, best, "The best of three")
    for version, trained in ((first, worse), (second, best)):
        told(f"version {version.version} from {version.source}", f"{uri}/models/{name}/versions/{version.version}")
        predicted = walk.predict_sklearn(f"models:/{name}/{version.version}", data)
        check(np.array_equal(predicted, trained.predicted), f"version {version.version} predicts something else")
        told(
            f"models:/{name}/{version.version} predicts the same as the model in memory: accuracy {walk.accuracy(predicted, data.y_test):.4f}"
        )
    with quiet():
        third = mlflow.register_model(f"runs:/{best.run_id}/{walk.MODEL}", name)
    told(f"version {third.version} by mlflow.register_model")
    with quiet():
        fourth = walk.train_sklearn(data, 48, 0.01, epochs=10, register_as=name)
    told(f"one more version by log_model(registered_model_name=…): accuracy {fourth.accuracy:.4f}")

    heading("3. Stages and aliases")
    client.transition_model_version_stage(name, first.version, "Staging")
    told(f"version {first.version} → Staging")
    for version in (first, second):
        client.transition_model_version_stage(name, version.version, "Production", archive_existing_versions=True)
        told(f"version {version.version} → Production, archiving what was there")
    client.transition_model_version_stage(name, third.version, "Staging", archive_existing_versions=True)
    for version, stage in ((first, "Archived"), (second, "Production"), (third, "Staging")):
        now = client.get_model_version(name, version.version).current_stage
        check(now == stage, f"version {version.version} is in {now}, not in {stage}")
        told(f"version {version.version} is in {now}")
    client.set_registered_model_alias(name, "champion", second.version)
    told(f"alias champion → version {second.version}")

    heading("4. Loading")
    for model in (f"models:/{name}/Production", f"models:/{name}@champion", f"runs:/{best.run_id}/{walk.MODEL}"):
        predicted = walk.predict_sklearn(model, data)
        check(np.array_equal(predicted, best.predicted), f"{model} predicts something else")
        told(
            f"{model}: accuracy {walk.accuracy(predicted, data.y_test):.4f} on {len(data.y_test)} digits never seen in training"
        )

    name = "digits-conv"
    heading(f"5. The same with PyTorch: {name!r}, with a tensor signature")
    trained = walk.train_torch(data, rate=0.01, epochs=6)
    told(f"convolutional net: accuracy {trained.accuracy:.4f}", f"{page}/runs/{trained.run_id}")
    walk.ensure_registered_model(client, name, "Sees digits of 8 × 8 pixels", {"team": "vision"})
    version = walk.add_version(client, name, trained, "Convolution")
    client.transition_model_version_stage(name, version.version, "Production", archive_existing_versions=True)
    client.set_registered_model_alias(name, "champion", version.version)
    told(f"version {version.version} in Production, alias champion", f"{uri}/models/{name}/versions/{version.version}")
    for model in (
        f"models:/{name}/{version.version}",
        f"models:/{name}/Production",
        f"models:/{name}@champion",
        f"runs:/{trained.run_id}/{walk.MODEL}",
    ):
        predicted = walk.predict_torch(model, data)
        check(np.array_equal(predicted, trained.predicted), f"{model} predicts something else")
        told(f"{model}: accuracy {walk.accuracy(predicted, data.y_test):.4f}")

    print(f"\n{BOLD}The whole walk worked{PLAIN} in {time.monotonic() - started:.0f} s. Look at it: {uri}\n")


if __name__ == "__main__":
    main((sys.argv[1] if len(sys.argv) > 1 else "http://localhost:5000").rstrip("/"))

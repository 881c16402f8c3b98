"""The walk that Ferroflow is for: from the first run to a prediction, with nothing but the unmodified `mlflow` client.

Each function is one step, as a user's own script would take it. `demo.py` tells the story of them on a running server,
`test_walk.py` asserts every one on each pair of backends.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import sklearn
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

MODEL = "model"
# A client of MLflow 2 logs a model as artifacts of its run, under a path.
LOGS_BELOW_RUN = mlflow.__version__.startswith("2.")
CLASSES = np.arange(10)


@dataclass
class Digits:
    """Handwritten digits of 8 × 8 pixels, scaled to 0..1; the test set is never trained on."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass
class Trained:
    """A finished run, the model that it logged, and what the model in memory predicted for the test set."""

    run_id: str
    model: ModelInfo
    predicted: np.ndarray
    accuracy: float


def digits() -> Digits:
    data = load_digits()
    split = train_test_split(data.data / 16.0, data.target, test_size=0.25, random_state=7, stratify=data.target)
    return Digits(x_train=split[0], x_test=split[1], y_train=split[2], y_test=split[3])


def accuracy(predicted: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean(predicted == truth))


def train_sklearn(data: Digits, hidden: int, rate: float, epochs: int, register_as: str | None = None) -> Trained:
    """A run of a scikit-learn MLP: params, metrics per epoch, tags, datasets, a picture, a table, the model with its signature."""
    with mlflow.start_run(run_name=f"mlp-{hidden}-{rate}") as run:
        mlflow.log_params({"hidden": hidden, "learning_rate": rate, "epochs": epochs})
        mlflow.log_param("solver", "adam")
        mlflow.set_tags({"framework": "scikit-learn", "data": "digits"})
        mlflow.log_input(
            mlflow.data.from_numpy(data.x_train, targets=data.y_train, name="digits-train"), context="training"
        )
        mlflow.log_input(
            mlflow.data.from_pandas(_table(data), targets="digit", name="digits-test"), context="evaluation"
        )

        network = MLPClassifier(hidden_layer_sizes=(hidden,), learning_rate_init=rate, random_state=1)
        for epoch in range(epochs):
            network.partial_fit(data.x_train, data.y_train, classes=CLASSES)
            mlflow.log_metric("loss", network.loss_, step=epoch)
            mlflow.log_metrics(
                {
                    "train_accuracy": network.score(data.x_train, data.y_train),
                    "test_accuracy": network.score(data.x_test, data.y_test),
                },
                step=epoch,
            )
        predicted = network.predict(data.x_test)
        _log_report(data.y_test, predicted)
        trusted = ["sklearn.neural_network._stochastic_optimizers.AdamOptimizer"]
        model = mlflow.sklearn.log_model(
            network,
            **({"artifact_path": MODEL} if LOGS_BELOW_RUN else {"name": MODEL, "skops_trusted_types": trusted}),
            signature=infer_signature(data.x_test, predicted),
            input_example=data.x_test[:2],
            registered_model_name=register_as,
            pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
        )
    return Trained(run.info.run_id, model, predicted, accuracy(predicted, data.y_test))


def train_torch(data: Digits, rate: float, epochs: int) -> Trained:
    """The same with PyTorch: a small convolutional net whose signature is a pair of tensors."""
    # Here, because the walk with MLflow 2 does without it.
    import torch

    x_train, x_test = (_images(x) for x in (data.x_train, data.x_test))
    torch.manual_seed(3)
    with mlflow.start_run(run_name=f"conv-{rate}") as run:
        mlflow.log_params({"learning_rate": rate, "epochs": epochs})
        mlflow.set_tags({"framework": "pytorch", "data": "digits"})
        mlflow.log_input(
            mlflow.data.from_numpy(x_train, targets=data.y_train, name="digits-images"), context="training"
        )

        network = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Flatten(), torch.nn.Linear(16 * 4 * 4, 10),
        )  # fmt: skip
        optimiser = torch.optim.Adam(network.parameters(), lr=rate)
        images, targets = torch.from_numpy(x_train), torch.from_numpy(data.y_train).long()
        for epoch in range(epochs):
            for batch in torch.randperm(len(images)).split(64):
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(network(images[batch]), targets[batch])
                loss.backward()
                optimiser.step()
            mlflow.log_metric("loss", loss.item(), step=epoch)
        network.eval()
        with torch.no_grad():
            scores = network(torch.from_numpy(x_test)).numpy()
        predicted = scores.argmax(axis=1)
        mlflow.log_metric("test_accuracy", accuracy(predicted, data.y_test))
        _log_report(data.y_test, predicted)
        model = mlflow.pytorch.log_model(
            network,
            name=MODEL,
            signature=infer_signature(x_test, scores),
            serialization_format="pickle",
            pip_requirements=[f"torch=={torch.__version__}"],
        )
    return Trained(run.info.run_id, model, predicted, accuracy(predicted, data.y_test))


def ensure_registered_model(client: MlflowClient, name: str, description: str, tags: dict[str, str]) -> RegisteredModel:
    """Looks the model up by name and creates it when there is none."""
    found = client.search_registered_models(filter_string=f"name='{name}'")
    return found[0] if found else client.create_registered_model(name, tags=tags, description=description)


def source_of(run_id: str) -> str:
    """Where a run keeps the model that it logged, as scripts written for MLflow 2 ask for it."""
    return RunsArtifactRepository.get_underlying_uri(f"runs:/{run_id}/{MODEL}")


def add_version(client: MlflowClient, name: str, trained: Trained, description: str) -> ModelVersion:
    """A version made from the run's location of the model."""
    tags = {"test_accuracy": f"{trained.accuracy:.4f}"}
    return client.create_model_version(
        name, source_of(trained.run_id), trained.run_id, tags=tags, description=description
    )


def predict_sklearn(uri: str, data: Digits) -> np.ndarray:
    return mlflow.pyfunc.load_model(uri).predict(data.x_test)


def predict_torch(uri: str, data: Digits) -> np.ndarray:
    return mlflow.pyfunc.load_model(uri).predict(_images(data.x_test)).argmax(axis=1)


def _images(flat: np.ndarray) -> np.ndarray:
    return flat.reshape(-1, 1, 8, 8).astype(np.float32)


def _table(data: Digits) -> pd.DataFrame:
    return pd.DataFrame(data.x_test, columns=[f"pixel_{i}" for i in range(64)]).assign(digit=data.y_test)


def _log_report(truth: np.ndarray, predicted: np.ndarray) -> None:
    """A picture (`plots/confusion.png`) and a table (`reports/per_digit.csv`) of what was predicted."""
    matrix = confusion_matrix(truth, predicted, labels=CLASSES)
    figure = Figure(figsize=(5, 5), layout="tight")
    axes = figure.subplots()
    axes.imshow(matrix, cmap="Blues")
    axes.set(xlabel="predicted", ylabel="true", xticks=CLASSES, yticks=CLASSES, title="Confusion")
    mlflow.log_figure(figure, "plots/confusion.png")
    report = pd.DataFrame({"digit": CLASSES, "samples": matrix.sum(axis=1), "correct": matrix.diagonal()})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "per_digit.csv"
        report.to_csv(path, index=False)
        mlflow.log_artifact(str(path), "reports")

"""The scikit-learn part of `walk.py` with a client of MLflow 2, which keeps models below the run. `test_mlflow_2.py` runs it.

    python walk_mlflow_2.py TRACKING_URI
"""

import sys

import mlflow
import numpy as np
from mlflow import MlflowClient

import walk

NAME = "walk-mlflow-2"


def main(uri: str) -> None:
    assert mlflow.__version__.startswith("2."), mlflow.__version__
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    mlflow.set_experiment(NAME)
    data = walk.digits()
    first = walk.train_sklearn(data, 8, 0.001, 2)
    best = walk.train_sklearn(data, 64, 0.01, 12, register_as=NAME)

    found = mlflow.search_runs(order_by=["metrics.test_accuracy DESC"], output_format="list")
    assert [run.info.run_id for run in found] == [best.run_id, first.run_id]
    assert client.get_metric_history(best.run_id, "loss")[-1].step == 11
    paths = {file.path for file in client.list_artifacts(best.run_id)}
    assert paths == {"model", "plots", "reports"}, paths
    assert "model/MLmodel" in {file.path for file in client.list_artifacts(best.run_id, "model")}
    assert "mlflow.log-model.history" in client.get_run(best.run_id).data.tags

    # One version was registered while logging; one is made from the run's location of the model.
    added = walk.add_version(client, NAME, first, "the small one")
    assert [(v.version, v.run_id) for v in client.search_model_versions(f"name='{NAME}'")] == [
        ("2", first.run_id),
        ("1", best.run_id),
    ]
    client.transition_model_version_stage(NAME, "1", "Production", archive_existing_versions=True)
    client.set_registered_model_alias(NAME, "champion", "1")
    for uri, trained in (
        (f"models:/{NAME}/1", best),
        (f"models:/{NAME}/Production", best),
        (f"models:/{NAME}@champion", best),
        (f"models:/{NAME}/{added.version}", first),
        (f"runs:/{best.run_id}/model", best),
    ):
        assert np.array_equal(walk.predict_sklearn(uri, data), trained.predicted), uri
    client.delete_model_version(NAME, added.version)
    assert client.get_latest_versions(NAME, ["Production"])[0].version == "1"


if __name__ == "__main__":
    main(sys.argv[1])

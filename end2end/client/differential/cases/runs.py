"""Runs: life cycle, tags, params, metrics, batches, inputs and outputs."""

from steps import EXPERIMENT, GET, LOGGED, POST, RUN, Case, each, many

KEYS = ["é.ü-_/ :1", "a*b", "a//b", "/a", "..a", "a/..", "a/", ".", "./a", "a/./b", "x" * 251, "x" * 250, " ", ""]
FIELDS = '"artifact_path": "m", "flavors": {"f": {"config": 1, "v": 2}}, "utc_time_created": "t"'


def batch(**fields):
    return POST("runs/log-batch", run_id="$run", **fields)


def metric(key="m", value=1.0, timestamp=1, **more):
    return {"key": key, "value": value, "timestamp": timestamp, **more}


CASES = [
    Case(
        "from creation to restoration",
        each(
            EXPERIMENT,
            POST(
                "runs/create",
                experiment_id="$exp",
                user_id="me",
                run_name="mine",
                start_time=5,
                tags=[{"key": "a", "value": "b"}],
            ).keep(run="run/info/run_id"),
            GET("runs/get", run_id="$run"),
            GET("runs/get", run_uuid="$run"),
            POST("runs/update", run_id="$run", status="FINISHED", end_time=9),
            POST("runs/update", run_id="$run", run_name="other"),
            POST("runs/update", run_uuid="$run", run_name=""),
            POST("runs/update", run_id="$run", end_time=0),
            POST("runs/update", run_id="$run", status="RUNNING"),
            POST("runs/update", run_id="$run"),
            GET("runs/get", run_id="$run"),
            POST("runs/delete", run_id="$run"),
            POST("runs/delete", run_id="$run"),
            GET("runs/get", run_id="$run"),
            POST("runs/update", run_id="$run", status="FAILED"),
            POST("runs/set-tag", run_id="$run", key="k", value="v"),
            POST("runs/delete-tag", run_id="$run", key="a"),
            POST("runs/log-parameter", run_id="$run", key="k", value="v"),
            POST("runs/log-metric", run_id="$run", **metric()),
            batch(tags=[{"key": "k", "value": "v"}]),
            batch(),
            POST("runs/log-inputs", run_id="$run", models=[{"model_id": "m-1"}]),
            POST("runs/outputs", run_id="$run", models=[{"model_id": "m-1"}]),
            POST("runs/log-model", run_id="$run", model_json='{"run_id": "$run", %s}' % FIELDS),
            POST("runs/restore", run_id="$run"),
            POST("runs/restore", run_id="$run"),
            GET("runs/get", run_id="$run"),
        ),
    ),
    Case(
        "creation",
        each(
            EXPERIMENT,
            POST("runs/create", experiment_id="$exp"),
            POST("runs/create", experiment_id="$exp", run_name=""),
            POST("runs/create", experiment_id="$exp", run_name="a", tags=[{"key": "mlflow.runName", "value": "a"}]),
            POST("runs/create", experiment_id="$exp", run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}]),
            POST("runs/create", experiment_id="$exp", tags=[{"key": "mlflow.runName", "value": "b"}]),
            POST("runs/create", experiment_id="$exp", run_name="t", tags=[{"key": "a*//", "value": "x" * 9000}]),
            POST("runs/create", experiment_id="$exp", run_name="t", tags=[{"key": "a"}, {"value": "b"}]),
            POST("runs/create", experiment_id="$exp", run_name="t", tags=[{"key": "a"}, {"key": "a"}]),
            POST("runs/create", experiment_id="$exp", run_name="n" * 300, user_id="u" * 300),
            POST("runs/create", experiment_id="$exp", run_name="p", tags=[{"key": "mlflow.parentRunId", "value": "x"}]),
            POST("runs/create", {}),
            POST("runs/create", experiment_id=""),
            POST("runs/create", experiment_id="77777"),
            POST("runs/create", experiment_id="abc"),
            POST("runs/create", experiment_id=5),
        ),
    ),
    Case(
        "unknown and missing runs",
        each(
            [
                send(path, **{field: value, "key": "k", "value": 1, "timestamp": 1, "status": "FAILED"} | more)
                for field, value in (("run_id", "0" * 32), ("run_id", ""), ("run_uuid", "0" * 32), ("other", "x"))
                for send, path, more in (
                    (GET, "runs/get", {}),
                    (POST, "runs/update", {}),
                    (POST, "runs/delete", {}),
                    (POST, "runs/restore", {}),
                    (POST, "runs/set-tag", {"value": "v"}),
                    (POST, "runs/delete-tag", {}),
                    (POST, "runs/log-parameter", {"value": "v"}),
                    (POST, "runs/log-metric", {}),
                    (POST, "runs/log-batch", {}),
                    (POST, "runs/log-inputs", {}),
                    (POST, "runs/outputs", {"models": []}),
                    (POST, "runs/log-model", {"model_json": '{"run_id": "1", %s}' % FIELDS}),
                    (GET, "artifacts/list", {}),
                    (GET, "metrics/get-history", {"metric_key": "m"}),
                )
            ],
            [
                POST(path, run_id=run_id)
                for run_id in ("a b", "../x", "x" * 257, "-a", "é", "a.b")
                for path in ("runs/log-batch", "runs/log-inputs")
            ],
        ),
    ),
    Case(
        "tags",
        each(
            EXPERIMENT,
            RUN,
            [POST("runs/set-tag", run_id="$run", key=key, value="v") for key in KEYS],
            [batch(tags=[{"key": "ok", "value": "v"}, {"key": key, "value": "v"}]) for key in KEYS],
            POST("runs/set-tag", run_id="$run", key="k"),
            POST("runs/set-tag", run_id="$run", value="v"),
            POST("runs/set-tag", run_uuid="$run", key="u", value="v"),
            POST("runs/set-tag", run_id="$run", key="k", value=5),
            POST("runs/set-tag", run_id="$run", key="long", value="v" * 8001),
            POST("runs/set-tag", run_id="$run", key="mlflow.runName", value="renamed"),
            POST("runs/set-tag", run_id="$run", key="mlflow.runName", value=""),
            batch(tags=[{"key": "mlflow.runName", "value": "again"}, {"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
            GET("runs/get", run_id="$run"),
            POST("runs/delete-tag", run_id="$run", key="k"),
            POST("runs/delete-tag", run_id="$run", key="k"),
            POST("runs/delete-tag", run_id="$run"),
            POST("runs/delete-tag", run_id="$run", key="mlflow.runName"),
            GET("runs/get", run_id="$run"),
        ),
    ),
    Case(
        "params",
        each(
            EXPERIMENT,
            RUN,
            [POST("runs/log-parameter", run_id="$run", key=key, value="v") for key in KEYS],
            [batch(params=[{"key": "ok", "value": "v"}, {"key": key, "value": "v"}]) for key in KEYS],
            POST("runs/log-parameter", run_id="$run", key="k", value="1"),
            POST("runs/log-parameter", run_id="$run", key="k", value="1"),
            POST("runs/log-parameter", run_id="$run", key="k", value="2"),
            POST("runs/log-parameter", run_id="$run", key="e"),
            POST("runs/log-parameter", run_id="$run", key="e", value=""),
            POST("runs/log-parameter", run_id="$run", key="k", value=1),
            POST("runs/log-parameter", run_id="$run", value="1"),
            POST("runs/log-parameter", run_uuid="$run", key="u", value="1"),
            POST("runs/log-parameter", run_id="$run", key="long", value="v" * 6001),
            POST("runs/log-parameter", run_id="$run", key="long", value="v" * 6002),
            batch(params=[{"key": "k", "value": "2"}, {"key": "n", "value": "1"}]),
            batch(params=[{"key": "k", "value": "2"}, {"key": "e", "value": "it's"}], tags=[{"key": "t", "value": "v"}]),
            batch(params=[{"key": "d", "value": "1"}, {"key": "d", "value": "1"}]),
            batch(params=[{"key": "d", "value": "1"}, {"key": "d", "value": "2"}, {"key": "c"}, {"key": "c"}]),
            batch(params=[{"key": "k", "value": "1"}, {"key": "n", "value": "2"}]),
            GET("runs/get", run_id="$run"),
        ),
    ),
    Case(
        "metrics",
        each(
            EXPERIMENT,
            RUN,
            [POST("runs/log-metric", run_id="$run", **metric(key)) for key in KEYS],
            [batch(metrics=[metric("ok"), metric(key)]) for key in KEYS],
            POST("runs/log-metric", run_id="$run", key="a", timestamp=1),
            POST("runs/log-metric", run_id="$run", key="a", value=1),
            POST("runs/log-metric", run_id="$run", value=1, timestamp=1),
            POST("runs/log-metric", run_uuid="$run", **metric("uuid")),
            batch(metrics=[{"key": "a", "timestamp": 1}]),
            batch(metrics=[metric(), {"key": "a", "value": 1}]),
            batch(metrics=[{"value": 1, "timestamp": 1}]),
            batch(metrics=[metric(timestamp=-1)]),
            batch(metrics=[metric(value=None)]),
            batch(metrics={"key": "a"}),
            batch(metrics=[1]),
            GET("runs/get", run_id="$run"),
            POST("runs/log-metric", run_id="$run", **metric("unknown", model_id="m-1")),
            batch(metrics=[metric("unknown", model_id="m-1")]),
            batch(metrics=[metric(value="abc")]),
            batch(metrics=[metric(step="x")]),
        ),
    ),
    Case(
        "the latest value",
        each(
            EXPERIMENT,
            RUN,
            [
                POST("runs/log-metric", run_id="$run", key="m", value=value, timestamp=timestamp, step=step)
                for value, timestamp, step in [
                    *[(1.5, 10, 0), (2.0, 10, 0), (1.0, 10, 0), (2.0, 10, 0), ("NaN", 10, 0), (9.0, 5, 0), (0.5, 5, 1)],
                    *[(-3.0, 5, 1), ("NaN", 5, 2), (-1.0, 5, 2), (0.5, 5, 2), ("Infinity", 5, 3), ("-Infinity", 6, -9)],
                ]
            ],
            [
                POST("runs/log-metric", run_id="$run", key=f"n{i}", value=value, timestamp=1)
                for i, values in enumerate([(-3, "NaN"), (2, "NaN"), ("NaN", -1), ("NaN", 0), (0, "NaN")])
                for value in values
            ],
            GET("runs/get", run_id="$run"),
            GET("metrics/get-history", run_id="$run", metric_key="m"),
        ),
    ),
    Case(
        "batches",
        each(
            EXPERIMENT,
            RUN,
            batch(),
            POST("runs/log-batch", {}),
            batch(metrics=[metric(f"m{i}") for i in range(1001)]),
            batch(metrics=[metric(f"m{i}") for i in range(1000)]),
            batch(params=[{"key": f"p{i}", "value": "v"} for i in range(101)]),
            batch(params=[{"key": f"p{i}", "value": "v"} for i in range(100)]),
            batch(tags=[{"key": f"t{i}", "value": "v"} for i in range(101)]),
            batch(metrics=[metric(f"m{i}") for i in range(901)], params=[{"key": f"p{i}"} for i in range(100)]),
            batch(metrics=[metric("a*")], params=[{"key": "b*"}], tags=[{"key": "c*"}]),
            batch(params=[{"key": "b*"}], tags=[{"key": "c*"}]),
            batch(params=[{"value": "v"}]),
            batch(tags=[{"value": "v"}]),
            batch(metrics=[metric("dup"), metric("dup"), metric("dup", 2.0)]),
            batch(metrics=[metric("step", step=-1), metric("step", 2.0, step="7"), metric("s2", "1.5", "9")]),
            batch(params=[{"key": "long", "value": "v" * 7000}], tags=[{"key": "long", "value": "v" * 9000}]),
            batch(params="x"),
            batch(tags=["x"]),
            batch(params=[{"key": "k", "value": 1}]),
            batch(tags=[{"key": "k", "value": True}]),
            GET("metrics/get-history", run_id="$run", metric_key="dup"),
        ),
    ),
    Case(
        "inputs and outputs",
        each(
            EXPERIMENT,
            RUN,
            POST(
                "runs/log-inputs",
                run_id="$run",
                datasets=[
                    {
                        "dataset": {"name": "d", "digest": "1", "source_type": "t", "source": "s", "schema": "c", "profile": "p"},
                        "tags": [{"key": "mlflow.data.context", "value": "training"}, {"key": "x", "value": "y"}],
                    },
                    {"dataset": {"name": "d", "digest": "1", "source_type": "u", "source": "v"}},
                    {"dataset": {"name": "d", "digest": "2", "source_type": "", "source": "", "schema": "", "profile": ""}},
                ],
                models=[{"model_id": "m-1"}, {"model_id": "m-1"}, {"model_id": "m-2"}],
            ),
            GET("runs/get", run_id="$run"),
            POST(
                "runs/log-inputs",
                run_id="$run",
                datasets=[{"dataset": {"name": "d", "digest": "1", "source": "z"}, "tags": [{"key": "n", "value": "n"}]}],
            ),
            GET("runs/get", run_id="$run"),
            POST("runs/log-inputs", run_id="$run"),
            [
                POST("runs/log-inputs", run_id="$run", datasets=[{"dataset": {"name": "n", "digest": "d", "source": "s"} | field}])
                for field in (
                    *[{"name": "x" * 501}, {"digest": "x" * 37}, {"source": "x" * 65536}, {"schema": "x" * 1048576}],
                )
            ],
            [
                POST("runs/log-inputs", run_id="$run", datasets=[{"dataset": {"name": "n", "digest": "d"}, "tags": [tag]}])
                for tag in ({"key": "x" * 256, "value": "v"}, {"key": "k", "value": "v" * 501})
            ],
            POST("runs/log-inputs", run_id="$run", datasets="x"),
            POST("runs/outputs", run_id="$run", models=[{"model_id": "m-1"}, {"model_id": "m-2", "step": 7}]),
            POST("runs/outputs", run_id="$run", models=[]),
            POST("runs/outputs", run_id="$run"),
            POST("runs/outputs", run_id="$run", models=[{"model_id": "m-1"}]),
            POST("runs/outputs", run_id="$run", models="x"),
            POST("runs/outputs", models=[]),
            GET("runs/get", run_id="$run"),
            POST("runs/log-inputs", run_id="$run", datasets=[{}]),
            POST("runs/log-inputs", run_id="$run", datasets=[{"dataset": {"name": "n"}}]),
            [
                POST("runs/log-inputs", run_id="$run", datasets=[{"dataset": {"name": "n", "digest": "e"} | field}])
                for field in ({"name": 5}, {"source": {"a": 1}})
            ],
        ),
    ),
    Case(
        "models as 2.x logs them",
        each(
            EXPERIMENT,
            RUN,
            POST("runs/log-model", run_id="$run", model_json='{"run_id": "$run", %s}' % FIELDS),
            POST("runs/log-model", run_id="$run", model_json='{"run_id": "$run", "model_uuid": "u", %s}' % FIELDS),
            POST("runs/log-model", run_id="$run", model_json='{"run_id": "$run", "model_uuid": null, %s}' % FIELDS),
            POST("runs/log-model", run_id="$run", model_json='{"run_id": "other", "extra": 1, %s}' % FIELDS),
            GET("runs/get", run_id="$run"),
            [POST("runs/log-model", run_id="$run", model_json=text) for text in ("{", "", "[]", "5", "{}", '{"run_id": "x"}')],
            POST("runs/log-model", run_id="$run"),
            POST("runs/log-model", run_id="$run", model_json=5),
        ),
    ),
    Case(
        "metrics of logged models",
        each(
            EXPERIMENT,
            RUN,
            LOGGED,
            POST("runs/log-metric", run_id="$run", **metric("a", model_id="$model", dataset_name="d", dataset_digest="1")),
            batch(metrics=[metric("a", 2.0, 5, step=1, model_id="$model"), metric("b", 3.0, model_id="$model")]),
            GET("logged-models/$model"),
            GET("metrics/get-history", run_id="$run", metric_key="a"),
        ),
    ),
    Case(
        "histories",
        each(
            EXPERIMENT,
            RUN,
            POST("runs/create", experiment_id="$exp", run_name="second").keep(second="run/info/run_id"),
            batch(metrics=[metric("m", i * 0.5, 100 - i, step=i) for i in range(20)]),
            batch(metrics=[metric("nan", "NaN", 1), metric("nan", -1, 1), metric("nan", 1, 1)]),
            POST("runs/log-batch", run_id="$second", metrics=[metric("m", i, i, step=i % 2) for i in range(5)]),
            GET("metrics/get-history", run_id="$run", metric_key="m"),
            GET("metrics/get-history", run_id="$run", metric_key="nan"),
            GET("metrics/get-history", run_id="$run", metric_key="m", max_results="7").keep(token="next_page_token"),
            GET("metrics/get-history", run_id="$run", metric_key="m", max_results="7", page_token="$token"),
            GET("metrics/get-history", run_id="$run", metric_key="m", max_results="20"),
            GET("metrics/get-history", run_id="$run", metric_key="none"),
            [GET("metrics/get-history", run_id="$run", metric_key="m", max_results=n) for n in ("0", "-1", "x", "30000")],
            [
                GET("metrics/get-history", run_id="$run", metric_key="m", max_results="2", page_token=token)
                for token in ("garbage", "!!", "e30=", "eyJvZmZzZXQiOiAwfQ==", "eyJvZmZzZXQiOiAtMX0=", "")
            ],
            GET("metrics/get-history", run_id="$run", metric_key="m", page_token="eyJvZmZzZXQiOiA1fQ=="),
            GET("metrics/get-history", run_id="$run"),
            GET("metrics/get-history", metric_key="m"),
            many(
                GET,
                "/ajax-api/2.0/mlflow/metrics/get-history-bulk",
                {"run_id": ["$run", "unknown"], "metric_key": "m"},
                {"run_id": "$run", "metric_key": "m", "max_results": "3"},
                {"run_id": "$run", "metric_key": "none"},
                {"run_id": "unknown", "metric_key": "m"},
                {"run_id": "$run"},
                {"metric_key": "m"},
                {"run_id": ["x"] * 101, "metric_key": "m"},
                {"run_id": "$run", "metric_key": "m", "max_results": "x"},
                {"run_id": "$run", "metric_key": "nan"},
            ),
            many(
                GET,
                "metrics/get-history-bulk-interval",
                {"run_ids": "$run", "max_results": "5"},
                {"run_ids": ["$second", "$run"], "max_results": "3"},
                {"run_ids": "$run", "max_results": "1"},
                {"run_ids": "$run"},
                {"run_ids": "$run", "max_results": "20"},
                {"run_ids": "$run", "max_results": "4", "start_step": "3", "end_step": "12"},
                {"run_ids": "$run", "start_step": "3", "end_step": "3"},
                {"run_ids": "$run", "start_step": "3"},
                {"run_ids": "$run", "end_step": "3"},
                {"run_ids": "$run", "start_step": "4", "end_step": "3"},
                {"run_ids": "$run", "max_results": "0"},
                {"run_ids": "$run", "max_results": "2501"},
                {"run_ids": "$run", "max_results": "x"},
                {"run_ids": ["x"] * 101},
                {"run_ids": "unknown"},
                {"run_ids": []},
                metric_key="m",
            ),
            GET("metrics/get-history-bulk-interval", run_ids="$run"),
        ),
    ),
]

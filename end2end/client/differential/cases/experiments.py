"""Experiments: life cycle, names, locations, tags."""

from steps import AJAX, EXPERIMENT, GET, POST, RUN, Case, each, many

LONG = "x" * 501

CASES = [
    Case(
        "from creation to restoration",
        each(
            EXPERIMENT,
            GET("experiments/get", experiment_id="$exp"),
            GET("experiments/get-by-name", experiment_name="$case"),
            EXPERIMENT.keep(),
            POST("experiments/update", experiment_id="$exp", new_name="$case renamed"),
            GET("experiments/get-by-name", experiment_name="$case"),
            RUN,
            POST("experiments/delete", experiment_id="$exp"),
            POST("experiments/delete", experiment_id="$exp"),
            GET("experiments/get", experiment_id="$exp"),
            GET("experiments/get-by-name", experiment_name="$case renamed"),
            GET("runs/get", run_id="$run"),
            POST("experiments/update", experiment_id="$exp", new_name="$case again"),
            POST("experiments/create", name="$case renamed"),
            POST("experiments/set-experiment-tag", experiment_id="$exp", key="a", value="b"),
            POST("experiments/delete-experiment-tag", experiment_id="$exp", key="a"),
            POST("runs/create", experiment_id="$exp"),
            POST("logged-models", experiment_id="$exp"),
            POST("runs/restore", run_id="$run"),
            POST("runs/set-tag", run_id="$run", key="a", value="b"),
            POST("experiments/restore", experiment_id="$exp"),
            POST("experiments/restore", experiment_id="$exp"),
            GET("experiments/get", experiment_id="$exp"),
            GET("runs/get", run_id="$run"),
        ),
    ),
    Case(
        "names",
        each(
            many(POST, "experiments/create", {"name": "  "}, {"name": "$case/:*'\"é😀"}, {"name": LONG}, {"name": LONG[1:]}),
            many(POST, "experiments/create", {"name": "$case x"}, {"name": "$CASE x"}, {"name": "$case X"}),
            EXPERIMENT,
            POST("experiments/update", experiment_id="$exp", new_name="$case x"),
            POST("experiments/update", experiment_id="$exp", new_name=LONG),
            POST("experiments/update", experiment_id="$exp", new_name=""),
            POST("experiments/update", experiment_id="$exp"),
            POST("experiments/update", experiment_id="$exp", new_name="$case"),
            POST("experiments/update", new_name="x"),
        ),
    ),
    Case(
        "ids",
        [
            send(path, **{"experiment_id": value, "new_name": "n", "key": "k"})
            for value in ("77777", "abc", " 77777 ", "-1", "1.0", "9223372036854775807", "99999999999999999999", "")
            for send, path in (
                (GET, "experiments/get"),
                (POST, "experiments/delete"),
                (POST, "experiments/restore"),
                (POST, "experiments/update"),
                (POST, "experiments/set-experiment-tag"),
                (POST, "experiments/delete-experiment-tag"),
            )
        ],
    ),
    Case(
        "locations",
        each(
            [
                POST("experiments/create", name=f"$case {i}", artifact_location=location)
                for i, location in enumerate(
                    [
                        *["s3://b/p", "s3://b/p?x=y", "s3://b/p/", "gs://b/p", "file:///tmp/somewhere", "/tmp/somewhere"],
                        *["mlflow-artifacts:/a", "mlflow-artifacts://host:1/a", "dbfs:/x", "unknown:/x", "wasbs://c@a/p"],
                        *["s3://b/p#f", "s3://b/p;v=1", "s3://b/p?x=../y", "s3://b/../p", "runs:/a/b", "models:/a/1"],
                        *["http://elsewhere/x", "https://elsewhere/x", "ftp://h/x", "sftp://h/x", "hdfs://h/x", "r2://b/x"],
                        *["s3://b/" + "p" * 2100, "", "   ", "s3://", "mlflow-artifacts:", "HTTP://h/x", "b2://x/y"],
                        *["viewfs://h/x", "abfss://c@a/p", "http:/x", "//host/x", "file://host/x"],
                    ]
                )
            ],
            [GET("experiments/get-by-name", experiment_name=f"$case {i}") for i in (0, 1, 2, 4, 5, 6)],
            POST("experiments/create", name="$case query", artifact_location="s3://b/p?x=y").keep(exp="experiment_id"),
            RUN,
        ),
    ),
    Case(
        "tags",
        each(
            POST("experiments/create", name="$case", tags=[{"key": "a", "value": "1"}, {"key": "b"}]).keep(
                exp="experiment_id"
            ),
            POST("experiments/set-experiment-tag", experiment_id="$exp", key="a", value="2"),
            POST("experiments/set-experiment-tag", experiment_id="$exp", key="c"),
            POST("experiments/set-experiment-tag", experiment_id="$exp", value="c"),
            POST("experiments/set-experiment-tag", key="k", value="c"),
            GET("experiments/get", experiment_id="$exp"),
            POST("experiments/delete-experiment-tag", experiment_id="$exp", key="a"),
            POST("experiments/delete-experiment-tag", experiment_id="$exp", key="a"),
            POST("experiments/delete-experiment-tag", experiment_id="$exp"),
            GET("experiments/get", experiment_id="$exp"),
            [
                POST("experiments/set-experiment-tag", experiment_id="$exp", key=key, value="v")
                for key in ("é.ü-_/ :1", "a*b", "a//b", "/a", "..a", "a/..", "a/", ".", "./a", "x" * 251, "x" * 250, " ")
            ],
            POST("experiments/set-experiment-tag", experiment_id="$exp", key="l", value="x" * 20001),
            POST("experiments/set-experiment-tag", experiment_id="$exp", key="l", value="x" * 20000),
            POST("experiments/create", name="$case t1", tags=[{"key": "a*", "value": "v"}]),
            POST("experiments/create", name="$case t2", tags=[{"key": "a", "value": "x" * 20001}]),
            POST("experiments/create", name="$case t3", tags=[{"value": "v"}]),
            POST("experiments/create", name="$case t4", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
        ),
    ),
    Case(
        "tags with a meaning",
        each(
            EXPERIMENT,
            [
                POST("experiments/set-experiment-tag", experiment_id="$exp", key=key, value=value)
                for key in ("mlflow.trace.archivalRetention", "mlflow.trace.archiveNow")
                for value in (
                    *['{"type": "duration", "value": "30d"}', "30d", "", "[]", "{}", '{"type": "duration"}', "1"],
                    *['{"type": "duration", "value": "30x"}', '{"type": "other", "value": "30d"}', '{"value": "30d"}'],
                    *['{"type": "duration", "value": "0d"}', '{"type": "duration", "value": 30}', '{"older_than": "1h"}'],
                    *['{"type": "duration", "value": "5h"}', '{"type": "duration", "value": "5m"}', "null", "{"],
                    *['{"type": "duration", "value": "30d", "x": 1}', '{"older_than": "x"}', '{"older_than": 1}'],
                )
            ],
            GET("experiments/get", experiment_id="$exp"),
            POST("experiments/create", name="$case r", tags=[{"key": "mlflow.trace.archivalRetention", "value": "x"}]),
            POST("experiments/create", name="$case n", tags=[{"key": "mlflow.trace.archiveNow", "value": "x"}]),
            POST(
                "experiments/create",
                name="$case v",
                tags=[{"key": f"mlflow.customView.view{i}", "value": "v"} for i in range(50)],
            ).keep(views="experiment_id"),
            POST("experiments/set-experiment-tag", experiment_id="$views", key="mlflow.customView.view50", value="v"),
            POST("experiments/set-experiment-tag", experiment_id="$views", key="mlflow.customView.view5", value="w"),
            POST(
                "experiments/create",
                name="$case w",
                tags=[{"key": f"mlflow.customView.view{i}", "value": "v"} for i in range(51)],
            ),
        ),
    ),
    Case(
        "the default experiment",
        [
            GET("experiments/get", experiment_id="0"),
            GET("experiments/get", experiment_id="00"),
            GET("experiments/get-by-name", experiment_name="Default"),
            GET("experiments/get-by-name", experiment_name="default"),
            GET("experiments/get-by-name"),
            POST("experiments/delete", experiment_id="0"),
            POST("experiments/restore", experiment_id="0"),
        ],
    ),
    Case(
        "searching datasets",
        each(
            EXPERIMENT,
            RUN,
            POST(
                "runs/log-inputs",
                run_id="$run",
                datasets=[
                    {
                        "dataset": {"name": "d", "digest": "1", "source_type": "local", "source": "s"},
                        "tags": [{"key": "mlflow.data.context", "value": "training"}],
                    },
                    {"dataset": {"name": "e", "digest": "2", "source_type": "local", "source": "s"}},
                ],
            ),
            POST(AJAX + "experiments/search-datasets", experiment_ids=["$exp"]),
            POST(AJAX + "experiments/search-datasets", experiment_ids=[]),
            POST(AJAX + "experiments/search-datasets", {}),
            POST(AJAX + "experiments/search-datasets", experiment_ids=["77777"]),
            POST(AJAX + "experiments/search-datasets", experiment_ids=["abc"]),
            POST(AJAX + "experiments/search-datasets", experiment_ids=[str(i) for i in range(21)]),
        ),
    ),
]

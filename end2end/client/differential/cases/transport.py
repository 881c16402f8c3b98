"""Paths, methods, content types, bodies: before an endpoint sees a request. See section 1 of MLflow's own rules."""

from steps import AJAX, API, DELETE, EXPERIMENT, GET, PATCH, POST, PUT, RAW, RUN, Case, each

JSON = "application/json"
METRIC = {"run_id": "$run", "key": "m", "value": 1, "timestamp": 1}

CASES = [
    Case(
        "the server itself",
        [
            GET("/health"),
            GET("/version"),
            GET("/api/3.0/mlflow/server-info"),
            GET("/ajax-api/3.0/mlflow/server-info"),
            POST("/api/3.0/mlflow/server-info", {}),
            GET("/api/3.0/mlflow/server-features"),
        ],
    ),
    Case(
        "unknown paths and methods",
        [
            GET("nothing"),
            GET("runs/get/"),
            GET("/api/2.0/preview/mlflow/runs/get", run_id="x"),
            GET("/api/2.0/mlflow/metrics/get-history-bulk", run_id="x"),
            POST("/api/2.0/mlflow/experiments/search-datasets", {}),
            GET("runs/create"),
            POST("runs/get", {}),
            GET("runs/search"),
            DELETE("runs/delete", {}),
            PUT("experiments/create", {}),
            POST("registered-models/search", {}),
            POST("model-versions/search", {}),
            GET("logged-models"),
            POST("logged-models/m-1/finalize", {}),
            RAW("GET", "/api/2.0/mlflow//runs/get?run_id=a//b"),
        ],
    ),
    Case(
        "content types",
        [
            RAW("POST", API + "experiments/search", b'{"max_results": 1}'),
            RAW("POST", API + "experiments/search", b'{"max_results": 1}', Content_Type="text/plain"),
            RAW("POST", API + "experiments/search", b'{"max_results": 1}', Content_Type="application/jsonl"),
            RAW("POST", API + "experiments/get-by-name", b"{}", Content_Type=JSON),
            RAW("POST", API + "runs/search", b"{}", Content_Type="application/json; charset=utf-8"),
            RAW("POST", API + "runs/search", b"{}", Content_Type="Application/JSON"),
            RAW("PATCH", API + "registered-models/update", b"{}", Content_Type="text/plain"),
            RAW("PATCH", API + "registered-models/update", b"{}"),
            RAW("DELETE", API + "registered-models/delete", b"{}"),
            RAW("POST", AJAX + "experiments/search-datasets", b"{}", Content_Type=JSON),
        ],
    ),
    Case(
        "bodies that are no objects",
        [
            RAW("POST", API + "experiments/create", b"", Content_Type=JSON),
            RAW("POST", API + "experiments/create", b"{", Content_Type=JSON),
            RAW("POST", API + "experiments/create", b"null", Content_Type=JSON),
            RAW("POST", API + "experiments/create", b"[1]", Content_Type=JSON),
            RAW("POST", API + "experiments/create", b"5", Content_Type=JSON),
            RAW("POST", API + "experiments/create", b'"text"', Content_Type=JSON),
            RAW("POST", API + "experiments/create", b'"{\\"name\\": \\"$case\\"}"', Content_Type=JSON),
            RAW("POST", API + "runs/log-batch", b"", Content_Type=JSON),
            RAW("POST", API + "experiments/create", b'{"name": "\xff"}', Content_Type=JSON),
        ],
    ),
    Case(
        "spellings of fields",
        [
            POST("experiments/create", name="$case", artifactLocation="s3://b/p").keep(exp="experiment_id"),
            GET("experiments/get", experiment_id="$exp"),
            GET("experiments/get", experimentId="$exp"),
            POST("experiments/create", name="a", artifactLocation="s3://b/p", artifact_location="s3://b/q"),
            POST("experiments/delete", experimentId="$exp"),
            POST("experiments/search", maxResults=2, viewType="DELETED_ONLY"),
            POST("experiments/search", max_results=2, unknown={"a": 1}),
            POST("runs/create", experimentId="$exp", runName="r", startTime=3).keep(run="run/info/run_id"),
            POST("runs/log-batch", run_id="$run", metrics=[{"key": "a", "value": 1, "timestamp": 2, "modelId": ""}]),
            POST("runs/log-batch", run_id="$run", tags=[{"key": "t", "value": "v", "model_id": "a", "modelId": "b"}]),
            POST("runs/search", experimentIds=["$exp"], maxResults=1, orderBy=["start_time"]),
        ],
    ),
    Case(
        "null is absent",
        [
            POST("experiments/create", name=None),
            POST("experiments/create", name="$case", artifact_location=None, tags=None).keep(exp="experiment_id"),
            POST("runs/create", experiment_id="$exp", run_name=None, start_time=None, tags=None),
            POST("runs/search", experiment_ids=["$exp"], filter=None, max_results=None, page_token=None, order_by=None),
        ],
    ),
    Case(
        "queries and bodies of GET and DELETE",
        each(
            EXPERIMENT,
            GET("experiments/get", {"experiment_id": "$exp"}),
            GET("experiments/get", {"experiment_id": "$exp"}, other="1"),
            GET("experiments/get", experiment_id=["$exp", "77777"]),
            GET("experiments/get", experiment_id=""),
            GET("experiments/get"),
            GET("experiments/search", max_results="1", order_by=["name", "experiment_id DESC"]),
            GET("experiments/search", max_results="x"),
            GET("experiments/search", max_results="1.0"),
            GET("experiments/search", max_results="-1"),
            GET("experiments/search", max_results="1", view_type="DELETED_ONLY", filter="name = '$case'"),
            GET("experiments/search", max_results="1", view_type="1", filter="name = '$case'"),
            GET("experiments/search", max_results="1", view_type="bogus", filter="name = '$case'"),
            RAW("DELETE", API + "registered-models/delete?name=x", b"{}", Content_Type=JSON),
            GET("logged-models/m-1", allow_deleted="TRUE"),
            GET("runs/get", run_id="a b+c&d=é"),
            RAW("GET", API + "runs/get?run_id=%zz"),
            RAW("GET", API + "runs/get?run_id"),
            RAW("GET", API + "runs/get?run_id=a;b"),
        ),
    ),
    Case(
        "types of texts",
        each(
            [POST("experiments/create", name=value) for value in (1, 1.5, True, ["a"], {"a": 1}, "")],
            [POST("experiments/get-by-name", experiment_name=1), POST("experiments/create", name="n", tags="x")],
            [POST("experiments/create", name="n", tags=value) for value in ({"key": "a"}, [1], ["a"], [[]])],
            POST("experiments/create", name="n", tags=[{"key": 1, "value": "x"}]),
            POST("experiments/create", name="n", tags=[{"key": "k", "value": 1}]),
            POST("experiments/create", name="n", artifact_location=5),
        ),
    ),
    Case(
        "types of whole numbers",
        each(
            EXPERIMENT,
            [
                POST("runs/create", experiment_id="$exp", run_name="r", start_time=value)
                for value in (5, "5", 5.0, -5, 0, 9223372036854775807, "9223372036854775807", "-5", "+5", 1e18, "5.0")
            ],
            [
                POST("runs/create", experiment_id="$exp", run_name="r", start_time=value)
                for value in (" 5", "5 ", "5_0", 1.5, "abc", "", 9223372036854775808, "9223372036854775808", True, [5], {}, 1e19)
            ],
            [POST("experiments/search", max_results=value) for value in ("1", 1.0, 1.5, "x", True, 2147483648, [1])],
            [POST("runs/search", experiment_ids=[], max_results=value) for value in ("1", "x", True, 2147483648)],
        ),
    ),
    Case(
        "types of numbers",
        each(
            EXPERIMENT,
            RUN,
            [
                POST("runs/log-metric", {**METRIC, "key": f"m{i}", "value": value})
                for i, value in enumerate(
                    [1, "1.5", "NaN", "Infinity", "-Infinity", "inf", "-inf", 0, -0.0, 5e-324, 10**30, True, False, "1e5"]
                )
            ],
            GET("runs/get", run_id="$run"),
            [
                RAW(
                    "POST",
                    API + "runs/log-metric",
                    b'{"run_id": "$run", "key": "n", "value": %s, "timestamp": 1}' % value,
                    Content_Type=JSON,
                )
                for value in (b"1e400", b"NaN")
            ],
            [POST("runs/log-metric", {**METRIC, "value": value}) for value in ("nan", "abc", "", [1], {}, None, "1_0")],
            [
                POST("runs/log-metric", {**METRIC, "key": "t", "timestamp": value})
                for value in (0, "7", 7.0, -1, "x", 1.5, None)
            ],
            [POST("runs/log-metric", {**METRIC, "key": "s", "step": value}) for value in (-3, "4", 4.0, 1.5, "x", None)],
        ),
    ),
    Case(
        "types of enumerations and truth values",
        each(
            EXPERIMENT,
            RUN,
            [
                POST("runs/update", run_id="$run", status=value)
                for value in ("FINISHED", 2, "2", "failed", "BOGUS", None, 9, "9", True, 1.5, ["FAILED"], "FINISHED")
            ],
            POST("registered-models/create", name="$case"),
            POST("model-versions/create", name="$case", source="s3://b/x"),
            [
                POST("model-versions/transition-stage", name="$case", version="1", stage="Staging",
                     archive_existing_versions=value)
                for value in (True, False, None)
            ],
            [POST("runs/search", experiment_ids=["$exp"], run_view_type=value) for value in ("ALL", 3, "3", "all", 7, [])],
            [POST("runs/search", experiment_ids=value) for value in ("$exp", [1], None, {}, [None], [""])],
            [POST("runs/search", experiment_ids=["$exp"], order_by=value) for value in ("start_time", [1], [], None)],
            [PATCH("registered-models/update", name="$case", description=value) for value in (1, "d", None, "")],
        ),
    ),
]

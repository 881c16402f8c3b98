"""Registered models, their versions, stages and aliases; sources of versions; prompts."""

from steps import DELETE, EXPERIMENT, GET, LOGGED, MODEL, PATCH, POST, RUN, Case, each, many

KEYS = ["é.ü-_/ :1", "a*b", "a//b", "/a", "..a", "a/", ".", "x" * 251, "x" * 250, ""]
NAMES = ["a/b", "a:b", " ", "", ".", "..", "..a", "a'b\"%é", "x" * 300, 5, None]
PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]


def version(source="s3://b/x", **fields):
    return POST("model-versions/create", name="$case", source=source, **fields)


CASES = [
    Case(
        "a model from creation to deletion",
        each(
            POST("registered-models/create", name="$case", description="d", tags=[{"key": "a", "value": "b"}]),
            MODEL,
            GET("registered-models/get", name="$case"),
            GET("registered-models/get", name="$CASE"),
            PATCH("registered-models/update", name="$case", description="e"),
            PATCH("registered-models/update", name="$case"),
            PATCH("registered-models/update", name="none", description="e"),
            PATCH("registered-models/update", description="e"),
            POST("registered-models/rename", name="$case", new_name="$case x"),
            POST("registered-models/rename", name="$case", new_name="$case y"),
            POST("registered-models/rename", name="$case x", new_name="$case x"),
            POST("registered-models/rename", name="$case x"),
            POST("registered-models/rename", name="$case x", new_name="a/b"),
            POST("registered-models/rename", name="$case x", new_name=" "),
            MODEL,
            POST("registered-models/rename", name="$case x", new_name="$case"),
            DELETE("registered-models/delete", name="$case x"),
            DELETE("registered-models/delete", name="$case x"),
            DELETE("registered-models/delete", {}),
            GET("registered-models/get", name="$case x"),
            POST("registered-models/create", name="$case x", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
            POST("registered-models/create", name="$case y", tags=[{"key": "a*", "value": "1"}]),
            POST("registered-models/create", name="$case y", description=""),
            POST("registered-models/create", name="$case z", description="d" * 6000),
        ),
    ),
    Case(
        "names",
        each(
            [POST("registered-models/create", name=name) for name in NAMES],
            [
                send(path, **{"name": name} | more)
                for name in ("a/b", "", " ", "none")
                for send, path, more in (
                    (GET, "registered-models/get", {}),
                    (PATCH, "registered-models/update", {}),
                    (POST, "registered-models/rename", {"new_name": "n"}),
                    (DELETE, "registered-models/delete", {}),
                    (GET, "registered-models/get-latest-versions", {}),
                    (POST, "registered-models/set-tag", {"key": "k", "value": "v"}),
                    (DELETE, "registered-models/delete-tag", {"key": "k"}),
                    (POST, "registered-models/alias", {"alias": "a", "version": "1"}),
                    (DELETE, "registered-models/alias", {"alias": "a"}),
                    (GET, "registered-models/alias", {"alias": "a"}),
                    (GET, "registered-models/alias", {"alias": "latest"}),
                    (POST, "model-versions/create", {"source": "s3://b/x"}),
                    (GET, "model-versions/get", {"version": "1"}),
                    (PATCH, "model-versions/update", {"version": "1"}),
                    (POST, "model-versions/transition-stage", {"version": "1", "stage": "None"}),
                    (DELETE, "model-versions/delete", {"version": "1"}),
                    (GET, "model-versions/get-download-uri", {"version": "1"}),
                    (POST, "model-versions/set-tag", {"version": "1", "key": "k", "value": "v"}),
                    (DELETE, "model-versions/delete-tag", {"version": "1", "key": "k"}),
                )
            ],
        ),
    ),
    Case(
        "tags",
        each(
            MODEL,
            version(),
            [POST("registered-models/set-tag", name="$case", key=key, value="v") for key in KEYS],
            [POST("model-versions/set-tag", name="$case", version="1", key=key, value="v") for key in KEYS],
            [DELETE("registered-models/delete-tag", name="$case", key=key) for key in ("a*b", "none", "x" * 250, "")],
            [DELETE("model-versions/delete-tag", name="$case", version="1", key=key) for key in ("a*b", "none", "x" * 250, "")],
            POST("registered-models/set-tag", name="$case", key="k"),
            POST("registered-models/set-tag", name="$case", key="k", value="2"),
            POST("registered-models/set-tag", name="$case", key="long", value="v" * 100001),
            POST("model-versions/set-tag", name="$case", version="1", key="k"),
            POST("model-versions/set-tag", name="$case", version="1", key="mlflow.prompt.text", value="v" * 100001),
            POST("model-versions/set-tag", name="$case", version="1", key="k", value=5),
            version(tags=[{"key": "a*", "value": "v"}]),
            version(tags=[{"key": "a", "value": "v" * 100001}]),
            version(tags=[{"key": "mlflow.prompt.text", "value": "v" * 100001}]),
            version(tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]),
            GET("registered-models/get", name="$case"),
            GET("model-versions/get", name="$case", version="1"),
        ),
    ),
    Case(
        "a version from creation to deletion",
        each(
            MODEL,
            version(run_id="r1", run_link="http://link", description="d", tags=[{"key": "a", "value": "b"}]),
            version(),
            version("s3://b/y", description=""),
            GET("model-versions/get", name="$case", version="1"),
            GET("model-versions/get", name="$case", version="01"),
            GET("model-versions/get", name="$case", version="9"),
            GET("model-versions/get", name="$case", version="x"),
            GET("model-versions/get", name="$case", version="-1"),
            GET("model-versions/get", name="$case", version="99999999999999999999"),
            GET("model-versions/get", name="$case"),
            GET("model-versions/get", name="none", version="1"),
            PATCH("model-versions/update", name="$case", version=1, description="e"),
            PATCH("model-versions/update", name="$case", version="1", description="e"),
            PATCH("model-versions/update", name="$case", version="1", description=""),
            PATCH("model-versions/update", name="$case", version="1"),
            GET("model-versions/get-download-uri", name="$case", version="1"),
            GET("model-versions/get-download-uri", name="$case", version="9"),
            GET("model-versions/get-download-uri", name="$case"),
            GET("model-versions/get-download-uri", version="1"),
            GET("registered-models/get", name="$case"),
            DELETE("model-versions/delete", name="$case", version="3"),
            DELETE("model-versions/delete", name="$case", version="3"),
            DELETE("model-versions/delete", name="$case"),
            version(),
            POST("registered-models/rename", name="$case", new_name="$case x"),
            GET("model-versions/get", name="$case x", version="4"),
            GET("model-versions/get", name="$case", version="4"),
            DELETE("registered-models/delete", name="$case x"),
            MODEL,
            version(),
        ),
    ),
    Case(
        "stages",
        each(
            MODEL,
            [version(f"s3://b/{i}") for i in range(4)],
            [
                POST("model-versions/transition-stage", name="$case", version=number, stage=stage, archive_existing_versions=archive)
                for number, stage, archive in (
                    *[("1", "Staging", False), ("2", "staging", False), ("3", "PRODUCTION", True), ("4", "Production", True)],
                    *[("1", "Production", True), ("2", "Archived", False), ("2", "none", False), ("2", "Archived", True)],
                    *[("2", "None", True), ("2", "bogus", False), ("2", "", False), ("9", "Staging", False), (2, "Staging", False)],
                    *[("2", "Staging", None), ("x", "Staging", False)],
                )
            ],
            POST("model-versions/transition-stage", name="$case", version="1"),
            GET("registered-models/get", name="$case"),
            GET("registered-models/get-latest-versions", name="$case"),
            GET("registered-models/get-latest-versions", name="$case", stages=["Production", "archived"]),
            GET("registered-models/get-latest-versions", name="$case", stages="bogus"),
            POST("registered-models/get-latest-versions", name="$case", stages=["None", "Staging"]),
            POST("registered-models/get-latest-versions", name="$case", stages=[]),
            POST("registered-models/get-latest-versions", name="$case", stages="Production"),
            POST("registered-models/get-latest-versions", name="$case", stages=["Staging", "Staging"]),
            POST("registered-models/get-latest-versions", {}),
        ),
    ),
    Case(
        "aliases",
        each(
            MODEL,
            version(),
            version(),
            [
                POST("registered-models/alias", name="$case", alias=alias, version="1")
                for alias in ("a", "Champion-1_é", "latest", "LATEST", "v1", "V22", "v1a", "a b", "a.b", "x" * 255, "x" * 256, "", "1")
            ],
            POST("registered-models/alias", name="$case", alias="a", version="2"),
            POST("registered-models/alias", name="$case", alias="a", version="9"),
            POST("registered-models/alias", name="$case", alias="a", version="x"),
            POST("registered-models/alias", name="$case", alias="a", version=2),
            POST("registered-models/alias", name="$case", alias="a"),
            POST("registered-models/alias", name="none", alias="a", version="1"),
            [GET("registered-models/alias", name="$case", alias=alias) for alias in ("a", "A", "none", "latest", "Latest", "v1", "a b", "")],
            GET("registered-models/alias", name="none", alias="a"),
            GET("registered-models/get", name="$case"),
            GET("model-versions/get", name="$case", version="1"),
            GET("model-versions/search", filter="name = '$case'", order_by=["version_number"]),
            POST("registered-models/get-latest-versions", name="$case"),
            POST("model-versions/transition-stage", name="$case", version="2", stage="Staging"),
            DELETE("registered-models/alias", name="$case", alias="a"),
            DELETE("registered-models/alias", name="$case", alias="a"),
            DELETE("registered-models/alias", name="$case", alias="latest"),
            DELETE("registered-models/alias", name="$case", alias="a b"),
            DELETE("registered-models/alias", name="$case"),
            DELETE("registered-models/alias", name="none", alias="a"),
            DELETE("model-versions/delete", name="$case", version="1"),
            GET("registered-models/get", name="$case"),
            DELETE("model-versions/delete", name="$case", version="2"),
            GET("registered-models/alias", name="$case", alias="latest"),
            GET("registered-models/get", name="$case"),
        ),
    ),
    Case(
        "sources anywhere",
        each(
            MODEL,
            [
                version(source)
                for source in (
                    *["s3://b/x", "gs://b/x", "dbfs:/x", "unknown:/x", "wasbs://c@a/p", "s3://b/x?y=../z", "s3://b//x/"],
                    *["s3://b/../x", "s3://b/%2e%2e/x", "s3://b/%252e%252e/x", "s3://b/./x", "s3://b/x/..", "s3://b/a..b/x"],
                    *["s3://b/x?y=/../z", "s3://b/x#f", "http://h/x", "https://h/x", "ftp://h/x", "hdfs://h/x", "r2://h/x"],
                    *["mlflow-artifacts://h/x", "mlflow-artifacts:/x", "/etc", "file:///etc", "relative", "./x", "../x", ""],
                    *["dummy-source", "prompt-template", "runs:/x/y", "runs:/", "models:/m-1", "models:/none/1", "models:/none@a"],
                    *["models://host/none/1", "models:/", "models:/a/b/c", "file://host/x", "s3://", "x" * 600, 5],
                )
            ],
        ),
    ),
    Case(
        "sources in runs and logged models",
        each(
            EXPERIMENT,
            RUN,
            LOGGED,
            POST("logged-models", experiment_id="$exp", name="ran", source_run_id="$run").keep(ran="model/info/model_id"),
            MODEL,
            [
                version(source, **owner)
                for source in (
                    *["mlflow-artifacts:/$exp/$run/artifacts/m", "mlflow-artifacts:/$exp/$run/artifacts", "mlflow-artifacts:/other"],
                    *["mlflow-artifacts:/$exp/$run/artifactsx", "mlflow-artifacts:/$exp/$run/artifacts/../x", "s3://b/x", "/tmp/x"],
                    *["runs:/$run/x", "runs:/other/x", "runs://host/$run/x", "models:/$model", "models:/$ran", "models:/m-1"],
                    *["mlflow-artifacts:/$exp/models/$model/artifacts", "mlflow-artifacts:/$exp/models/$model/artifacts/x"],
                )
                for owner in (
                    *[{"run_id": "$run"}, {"model_id": "$model"}, {"model_id": "$ran"}, {"run_id": "unknown"}, {"model_id": "m-1"}],
                    {"run_id": "$run", "model_id": "$model"},
                )
            ],
            GET("logged-models/$model"),
            GET("registered-models/get", name="$case"),
        ),
    ),
    Case(
        "sources that are versions",
        each(
            MODEL,
            version(run_id="r1"),
            version("s3://b/2"),
            POST("registered-models/alias", name="$case", alias="best", version="1"),
            POST("model-versions/transition-stage", name="$case", version="2", stage="Production"),
            POST("registered-models/create", name="$case copy"),
            [
                POST("model-versions/create", name="$case copy", **fields)
                for fields in (
                    *[{"source": "models:/$case/1"}, {"source": "models:/$case/2"}, {"source": "models:/$case@best"}],
                    *[{"source": "models:/$case/Production"}, {"source": "models:/$case/latest"}, {"source": "models:/$case/9"}],
                    *[{"source": "models:/$case@none"}, {"source": "models:/$case/Staging"}, {"source": "models:/$case/bogus"}],
                    *[{"source": "models:/$case/1", "run_id": "r1"}, {"source": "models:/$case/1", "run_id": "r2"}],
                    *[{"source": "models:/$case/1", "model_id": "m-1"}, {"source": "models:/$case copy/1"}],
                )
            ],
            [GET("model-versions/get-download-uri", name="$case copy", version=str(i)) for i in range(1, 9)],
        ),
    ),
    Case(
        "prompts",
        each(
            MODEL,
            POST("registered-models/create", name="$case", tags=PROMPT),
            POST("registered-models/create", name="$case p", tags=PROMPT),
            POST("registered-models/create", name="$case p", tags=PROMPT),
            POST("registered-models/create", name="$case p"),
            many(
                POST,
                "model-versions/create",
                {"source": "dummy-source", "tags": [*PROMPT, {"key": "mlflow.prompt.text", "value": "Hi {{name}}"}]},
                {"source": "prompt-template", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "TRUE"}]},
                {"source": "s3://b/x", "tags": PROMPT},
                {"source": "s3://b/x"},
                {"source": "dummy-source", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "false"}]},
                name="$case p",
            ),
            POST("model-versions/create", name="$case", source="models:/$case p/1"),
            GET("registered-models/get", name="$case p"),
            GET("model-versions/get", name="$case p", version="1"),
            POST("registered-models/alias", name="$case p", alias="best", version="1"),
            GET("registered-models/alias", name="$case p", alias="best"),
            GET("model-versions/search", filter="name = '$case p'"),
            GET("model-versions/search", filter="name = '$case p' AND tags.`mlflow.prompt.is_prompt` = 'true'"),
            DELETE("registered-models/delete", name="$case p"),
        ),
    ),
]

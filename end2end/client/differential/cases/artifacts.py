"""Artifacts through the proxy and by run, model and version."""

from steps import AJAX, DELETE, EXPERIMENT, GET, LOGGED, MODEL, POST, PROXY, RAW, RUN, Case, each, many

RUN_FILES = PROXY + "$exp/$run/artifacts/"


def put(path, body=b"hello", **headers):
    return RAW("PUT", RUN_FILES + path, body, **headers)


CASES = [
    Case(
        "the proxy",
        each(
            EXPERIMENT,
            RUN,
            GET(PROXY[:-1], path="$exp/$run/artifacts"),
            [
                put(name)
                for name in (
                    *["a.txt", "dir/b.json", "dir/deep/c.bin", "with%20space.txt", "plus+plus", "%C3%A9.csv", "MLmodel", "x.html"],
                    *["per%2525.txt", "q%3Fm", "semi%3Bcolon", "back%5Cslash", "quote%22.txt", "no-extension", "x.svg", "x.png"],
                )
            ],
            put("empty", b""),
            put("a.txt", b"changed", Content_Type="text/plain"),
            put("dir"),
            put("a.txt/below"),
            put(""),
            put("dir/"),
            [
                RAW(method, RUN_FILES + path)
                for method in ("PUT", "GET", "DELETE")
                for path in ("../x", "%2e%2e/x", "%252e%252e/x", "a%23b", "/abs", "%2Fabs", "a/../../x")
            ],
            [
                RAW("GET", RUN_FILES + name)
                for name in (
                    *["a.txt", "dir/b.json", "dir/deep/c.bin", "with%20space.txt", "plus+plus", "%C3%A9.csv", "MLmodel", "x.html"],
                    *["per%25.txt", "q%3Fm", "quote%22.txt", "empty", "x.svg", "x.png", "dir", "none", "a.txt/below", "no-extension"],
                )
            ],
            RAW("HEAD", RUN_FILES + "a.txt"),
            RAW("GET", RUN_FILES + "a.txt", Range="bytes=1-3"),
            RAW("GET", RUN_FILES + "a.txt", Range="bytes=-2"),
            RAW("GET", RUN_FILES + "a.txt", Range="bytes=100-"),
            [GET(PROXY[:-1], path=path) for path in ("$exp/$run/artifacts", "$exp/$run/artifacts/dir", "$exp/$run/artifacts/a.txt")],
            [GET(PROXY[:-1], path=path) for path in ("none", "../x", "/abs", "a%2e%2e", "$exp/./$run", "a#b")],
            [GET("artifacts/list", run_id="$run", path=path) for path in ("", "dir", "dir/deep", "a.txt", "none", "..", "/", "dir/")],
            GET("artifacts/list", run_uuid="$run"),
            GET("artifacts/list", run_id="$run", path="dir", page_token="x"),
            RAW("DELETE", RUN_FILES + "a.txt"),
            RAW("DELETE", RUN_FILES + "a.txt"),
            RAW("DELETE", RUN_FILES + "dir"),
            RAW("DELETE", RUN_FILES),
            GET("artifacts/list", run_id="$run"),
            RAW("POST", RUN_FILES + "a.txt", b"x", Content_Type="application/json"),
        ),
    ),
    Case(
        "downloads by run and version",
        each(
            EXPERIMENT,
            RUN,
            put("dir/a.txt"),
            many(
                GET,
                "/get-artifact",
                {"run_id": "$run", "path": "dir/a.txt"},
                {"run_uuid": "$run", "path": "dir/a.txt"},
                {"run_id": "$run", "path": "dir"},
                {"run_id": "$run", "path": "none"},
                {"run_id": "$run", "path": "../x"},
                {"run_id": "$run"},
                {"path": "dir/a.txt"},
                {"run_id": "unknown", "path": "dir/a.txt"},
            ),
            MODEL,
            POST("model-versions/create", name="$case", source="mlflow-artifacts:/$exp/$run/artifacts/dir", run_id="$run"),
            many(
                GET,
                "/model-versions/get-artifact",
                {"name": "$case", "version": "1", "path": "a.txt"},
                {"name": "$case", "version": "1", "path": "none"},
                {"name": "$case", "version": "9", "path": "a.txt"},
                {"name": "none", "version": "1", "path": "a.txt"},
                {"name": "$case", "version": "1"},
                {"name": "$case", "path": "a.txt"},
            ),
        ),
    ),
    Case(
        "uploads of the web UI",
        each(
            EXPERIMENT,
            RUN,
            [
                RAW("POST", AJAX + "upload-artifact" + query, body, Content_Type=kind)
                for query, body, kind in (
                    ("?run_uuid=$run&path=up/a.txt", b"hello", "text/plain"),
                    ("?run_uuid=$run&path=b.txt", b"", "text/plain"),
                    ("?run_uuid=$run&path=c.txt", b"a=b", "application/x-www-form-urlencoded"),
                    ("?run_uuid=$run", b"hello", "text/plain"),
                    ("?path=a.txt", b"hello", "text/plain"),
                    ("?run_id=$run&path=a.txt", b"hello", "text/plain"),
                    ("?run_uuid=$run&path=../a", b"hello", "text/plain"),
                    ("?run_uuid=unknown&path=a", b"hello", "text/plain"),
                    ("?run_uuid=$run&path=large", b"x" * (10 * 1024 * 1024 + 1), "text/plain"),
                )
            ],
            GET("artifacts/list", run_id="$run", path="up"),
        ),
    ),
    Case(
        "files of logged models",
        each(
            EXPERIMENT,
            LOGGED,
            RAW("PUT", PROXY + "$exp/models/$model/artifacts/dir/MLmodel", b"flavors: {}"),
            [
                GET("logged-models/$model/artifacts/directories", **query)
                for query in ({}, {"artifact_directory_path": "dir"}, {"artifact_directory_path": "none"}, {"artifact_directory_path": ".."})
            ],
            GET("logged-models/m-1/artifacts/directories"),
            [
                GET(AJAX + "logged-models/$model/artifacts/files", **query)
                for query in (
                    *[{"artifact_file_path": "dir/MLmodel"}, {"artifact_file_path": "none"}, {"artifact_file_path": "../x"}, {}],
                    {"artifact_file_path": "dir"},
                )
            ],
            GET("logged-models/$model/artifacts/files", artifact_file_path="dir/MLmodel"),
            GET(AJAX + "logged-models/m-1/artifacts/files", artifact_file_path="dir/MLmodel"),
        ),
    ),
    Case(
        "transfers past the server",
        each(
            EXPERIMENT,
            RUN,
            LOGGED,
            put("a.txt"),
            many(
                POST,
                "/api/2.0/mlflow-artifacts/mpu/create/$exp/$run/artifacts",
                {"path": "/home/x/file.bin", "num_parts": 2},
                {"path": "file.bin"},
                {"num_parts": 2},
                {"path": "file.bin", "num_parts": "x"},
            ),
            POST("/api/2.0/mlflow-artifacts/mpu/complete/$exp", path="f", upload_id="u", parts=[{"part_number": 1, "etag": "e"}]),
            POST("/api/2.0/mlflow-artifacts/mpu/complete/$exp", path="f", upload_id="u"),
            POST("/api/2.0/mlflow-artifacts/mpu/abort/$exp", path="f", upload_id="u"),
            GET("/api/2.0/mlflow-artifacts/presigned/$exp/$run/artifacts/a.txt"),
            GET("/api/2.0/mlflow-artifacts/presigned/none"),
            GET("/api/2.0/mlflow-artifacts/presigned/%2e%2e/x"),
            many(
                POST,
                "artifacts/presigned-upload-url",
                {"run_id": "$run", "path": "a"},
                {"model_id": "$model", "path": "a"},
                {"run_id": "$run", "model_id": "$model", "path": "a"},
                {"path": "a"},
                {"run_id": "$run"},
                {"run_id": "unknown", "path": "a"},
                {"model_id": "m-1", "path": "a"},
                {"run_id": "$run", "path": "../a"},
                {"run_id": "$run", "path": "a", "expiration": "x"},
            ),
            many(
                POST,
                "artifacts/presigned-download-url",
                {"run_id": "$run", "path": "a.txt"},
                {"run_id": "$run"},
                {"path": "a"},
                {"run_id": "unknown", "path": "a"},
                {"run_id": "$run", "path": "../a"},
                {"run_id": "$run", "path": "a", "expiration": 0},
                {"run_id": "$run", "path": "a", "expiration": 604801},
            ),
        ),
    ),
    Case("deletion wants a path", [DELETE(PROXY[:-1], None), RAW("PUT", PROXY, b"x"), RAW("GET", PROXY), RAW("PUT", PROXY[:-1], b"x")]),
]

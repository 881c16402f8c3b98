//! Artifacts.

use super::describe::{
    Described, all, asked, delete, field, flag, get, headers, int, list, optional, post, put, required, text, told,
};
use crate::endpoints::PROXY_FILE;

pub(super) fn endpoints() -> Vec<Described> {
    [listings(), downloads(), proxy(), direct()].into_iter().flatten().collect()
}

fn listings() -> Vec<Described> {
    vec![
        get("2.0/mlflow/artifacts/list", "A folder of a run.")
            .takes([required(text("run_id")), text("run_uuid"), text("path")])
            .answers([text("root_uri"), optional(all("files", "File"))])
            .fails(501),
        get("2.0/mlflow/logged-models/{model_id}/artifacts/directories", "A folder of a logged model.")
            .takes([text("artifact_directory_path")])
            .answers([text("root_uri"), optional(all("files", "File"))])
            .fails(501),
    ]
}

fn downloads() -> Vec<Described> {
    vec![
        get("2.0/mlflow/logged-models/{model_id}/artifacts/files", "A file of a logged model.")
            .query([required(text("artifact_file_path"))])
            .answers_bytes(),
        get("get-artifact", "A file of a run.")
            .query([text("run_id"), text("run_uuid"), required(text("path")), flag("inline")])
            .answers_bytes(),
        get("model-versions/get-artifact", "A file of a version.")
            .query([required(text("name")), required(text("version")), required(text("path")), flag("inline")])
            .answers_bytes(),
        post("2.0/mlflow/upload-artifact", "Takes a file of a run, of 10 MiB at most.")
            .query([required(text("run_uuid")), required(text("path"))])
            .takes_bytes()
            .answers_nothing()
            .fails(501),
    ]
}

fn proxy() -> Vec<Described> {
    vec![
        get("2.0/mlflow-artifacts/artifacts", "A folder of the artifacts destination.")
            .takes([text("path")])
            .answers([optional(all("files", "File"))]),
        get("2.0/mlflow-artifacts/artifacts/", "Refused: the destination itself is no file.").answers_bytes(),
        put("2.0/mlflow-artifacts/artifacts/", "Refused: the destination itself is no file.")
            .takes_bytes()
            .answers_nothing(),
        get(PROXY_FILE, "A file of the artifacts destination.").answers_bytes(),
        put(PROXY_FILE, "Takes a file into the artifacts destination.").takes_bytes().answers_nothing(),
        delete(PROXY_FILE, "Removes a file or folder of the artifacts destination."),
    ]
}

fn direct() -> Vec<Described> {
    let credential = told(&[text("url"), int("part_number"), field("headers", headers())]);
    let part = asked(&[int("part_number"), text("etag")]);
    vec![
        post("2.0/mlflow-artifacts/mpu/create/{*folder}", "Begins an upload by parts.")
            .takes([required(text("path")), int("num_parts")])
            .answers([text("upload_id"), list("credentials", credential)])
            .fails(501),
        post("2.0/mlflow-artifacts/mpu/complete/{*folder}", "Ends an upload by parts.")
            .takes([required(text("path")), text("upload_id"), required(list("parts", part))])
            .fails(501),
        post("2.0/mlflow-artifacts/mpu/abort/{*folder}", "Gives up an upload by parts.")
            .takes([required(text("path")), text("upload_id")])
            .fails(501),
        get("2.0/mlflow-artifacts/presigned/{*path}", "A URL that reads a file.")
            .answers([text("url"), field("headers", headers()), int("file_size")])
            .fails(501),
        post("2.0/mlflow/artifacts/presigned-upload-url", "A URL that writes a file of a run or logged model.")
            .takes([text("run_id"), text("model_id"), required(text("path")), int("expiration")])
            .answers([text("presigned_url"), optional(field("headers", headers()))])
            .fails(501),
        post("2.0/mlflow/artifacts/presigned-download-url", "A URL that reads a file of a run.")
            .takes([required(text("run_id")), required(text("path")), int("expiration")])
            .answers([text("presigned_url"), optional(field("headers", headers())), int("file_size")])
            .fails(501),
    ]
}

//! Headers that the configuration adds to requests.

use std::sync::Arc;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use serde_json::{Map, Value};

/// Arguments of boto3's uploads, as MLflow's users write them, and the headers that they become.
const ARGUMENTS: [(&str, &str); 21] = [
    ("ACL", "x-amz-acl"),
    ("BucketKeyEnabled", "x-amz-server-side-encryption-bucket-key-enabled"),
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentLanguage", "content-language"),
    ("ContentType", "content-type"),
    ("Expires", "expires"),
    ("GrantFullControl", "x-amz-grant-full-control"),
    ("GrantRead", "x-amz-grant-read"),
    ("GrantReadACP", "x-amz-grant-read-acp"),
    ("GrantWriteACP", "x-amz-grant-write-acp"),
    ("ObjectLockLegalHoldStatus", "x-amz-object-lock-legal-hold"),
    ("ObjectLockMode", "x-amz-object-lock-mode"),
    ("ObjectLockRetainUntilDate", "x-amz-object-lock-retain-until-date"),
    ("RequestPayer", "x-amz-request-payer"),
    ("SSEKMSEncryptionContext", "x-amz-server-side-encryption-context"),
    ("SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("StorageClass", "x-amz-storage-class"),
    ("Tagging", "x-amz-tagging"),
];
/// What a user's own metadata begin with.
const METADATA: &str = "x-amz-meta-";
/// Whose the bucket must be.
const OWNER: &str = "x-amz-expected-bucket-owner";

/// Headers to add before a request is signed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers(Arc<[(String, String)]>);

impl Headers {
    /// Reads `MLFLOW_S3_UPLOAD_EXTRA_ARGS`. `Err` is a sentence for who configured it: what is not understood must not
    /// be left out silently, since encryption may hang on it.
    pub(super) fn of_uploads(json: &str) -> Result<Self, String> {
        let arguments: Map<String, Value> =
            serde_json::from_str(json).map_err(|e| format!("not a JSON object: {e}"))?;
        let mut headers = Vec::new();
        for (name, value) in &arguments {
            match (name.as_str(), value) {
                ("Metadata", Value::Object(metadata)) => {
                    for (key, value) in metadata {
                        headers.push(header(name, format!("{METADATA}{}", key.to_ascii_lowercase()), value)?);
                    }
                }
                (name, value) => {
                    let known = ARGUMENTS.iter().find(|(argument, _)| *argument == name);
                    let (_, known) = known.ok_or_else(|| {
                        let all: Vec<_> = ARGUMENTS.iter().map(|(argument, _)| *argument).chain(["Metadata"]).collect();
                        format!("unknown argument '{name}'; known are {}", all.join(", "))
                    })?;
                    headers.push(header(name, (*known).to_owned(), value)?);
                }
            }
        }
        Ok(Self(headers.into()))
    }

    /// Has S3 refuse every request to a bucket of another account.
    pub(super) fn of_owner(account: &str) -> Self {
        Self(Arc::new([(OWNER.to_owned(), account.to_owned())]))
    }
}

fn header(argument: &str, header: String, value: &Value) -> Result<(String, String), String> {
    let value = match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        _ => return Err(format!("the value of '{argument}' must be a string")),
    };
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if value.chars().all(|c| c.is_ascii_graphic() || c == ' ') && header.chars().all(is_token) {
        Ok((header, value))
    } else {
        Err(format!("'{argument}' has a character that cannot stand in an HTTP header"))
    }
}

impl Intercept for Headers {
    fn name(&self) -> &'static str {
        "configured headers"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        for (name, value) in self.0.iter() {
            context.request_mut().headers_mut().try_insert(name.clone(), value.clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_headers() {
        let json = r#"{"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": true, "Metadata": {"Team": "a b"}}"#;
        let mut headers = Headers::of_uploads(json).expect("good arguments").0.to_vec();
        headers.sort();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            headers,
            [
                header("x-amz-meta-team", "a b"),
                header("x-amz-server-side-encryption", "aws:kms"),
                header("x-amz-server-side-encryption-bucket-key-enabled", "true"),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (json, part) in [
            ("no JSON", "not a JSON object"),
            ("[]", "not a JSON object"),
            (r#"{"ServerSideEncrpytion": "AES256"}"#, "unknown argument 'ServerSideEncrpytion'; known are ACL,"),
            (r#"{"SSECustomerKey": "x"}"#, "unknown argument 'SSECustomerKey'"),
            (r#"{"ACL": 1}"#, "the value of 'ACL' must be a string"),
            (r#"{"ACL": "a\r\nb: c"}"#, "cannot stand in an HTTP header"),
            (r#"{"Metadata": {"a b": "c"}}"#, "cannot stand in an HTTP header"),
        ] {
            let refused = Headers::of_uploads(json).expect_err(json);
            assert!(refused.contains(part), "{refused}");
        }
    }
}

//! S3's faults as ours.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::error::ArtifactError;

/// The code of what a server answered, such as `NoSuchBucket`; `HEAD` has only a status, and a code made of it.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Turns a failed request into a fault; its text is for the log.
pub(super) fn of<E>(error: SdkError<E, HttpResponse>) -> ArtifactError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = code(&error).unwrap_or_default().to_owned();
    let is_no_request = matches!(error, SdkError::ConstructionFailure(_));
    let text = DisplayErrorContext(error).to_string();
    if is_no_request {
        // Such as a bucket's name that no host can have.
        return ArtifactError::Name(text);
    }
    match (code.as_str(), status) {
        ("NoSuchKey" | "NoSuchBucket" | "NotFound", _) => ArtifactError::NotFound,
        ("XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded" | "QuotaExceeded" | "EntityTooLarge", _)
        | (_, Some(507)) => ArtifactError::Full(text),
        ("XMinioParentIsObject", _) => ArtifactError::NotADirectory,
        ("XMinioObjectExistsAsDirectory", _) => ArtifactError::IsDirectory,
        ("InvalidBucketName" | "KeyTooLongError" | "XMinioInvalidObjectName" | "XMinioInvalidResourceName", _) => {
            ArtifactError::Name(text)
        }
        ("NoSuchUpload" | "InvalidPart" | "InvalidPartOrder" | "EntityTooSmall", _) => ArtifactError::Refused(text),
        (_, Some(404)) => ArtifactError::NotFound,
        _ => ArtifactError::Unavailable(text),
    }
}

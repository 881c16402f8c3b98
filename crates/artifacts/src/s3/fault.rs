//! S3's faults as ours.

use aws_credential_types::provider::error::CredentialsError;
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
    let has_no_credentials = has_no_credentials(&error);
    let is_no_request = matches!(error, SdkError::ConstructionFailure(_));
    let text = DisplayErrorContext(error).to_string();
    if has_no_credentials {
        return ArtifactError::Forbidden(text);
    }
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
        // Such as AccessDenied, InvalidAccessKeyId and SignatureDoesNotMatch; HEAD has no code.
        (_, Some(401 | 403)) => ArtifactError::Forbidden(text),
        _ => ArtifactError::Unavailable(text),
    }
}

/// Whether nothing was sent because there are no credentials. A machine's role that cannot be asked at the moment is another
/// matter.
fn has_no_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|cause| {
        matches!(
            cause.downcast_ref::<CredentialsError>(),
            Some(CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_))
        )
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::error::ConnectorError;
    use aws_sdk_s3::operation::head_object::HeadObjectError;

    use super::*;

    fn told(cause: CredentialsError) -> ArtifactError {
        of(SdkError::<HeadObjectError, HttpResponse>::dispatch_failure(ConnectorError::other(cause.into(), None)))
    }

    #[test]
    fn missing_credentials_are_no_outage() {
        assert!(matches!(told(CredentialsError::not_loaded("none")), ArtifactError::Forbidden(_)));
        assert!(matches!(told(CredentialsError::provider_error("asleep")), ArtifactError::Unavailable(_)));
    }
}

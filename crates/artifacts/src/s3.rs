//! Artifacts in S3, or in what speaks like it.

mod bucket;
mod budget;
mod client;
mod direct;
mod fault;
mod headers;
mod insecure;
mod reading;
mod slices;
mod survey;
mod sweep;
mod upload;
mod vacancy;

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;

pub(crate) use bucket::Bucket;
use budget::Budget;
pub use client::{Patience, S3Options};
pub use direct::Presigned;
use headers::Headers;

/// The way to S3, shared by every bucket. The clients are made when the first of them is opened.
pub(crate) struct S3 {
    options: S3Options,
    sdk: SdkConfig,
    upload_headers: Headers,
    clients: OnceLock<Clients>,
    budget: Budget,
}

struct Clients {
    own: Client,
    presigning: Option<Client>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("options", &self.options).finish_non_exhaustive()
    }
}

impl S3 {
    pub(crate) async fn new(options: S3Options) -> Self {
        let upload_headers = options.upload_headers().unwrap_or_else(|cause| {
            // Whoever starts a server has asked before.
            tracing::error!("{cause}");
            Headers::default()
        });
        Self {
            sdk: client::load(&options).await,
            upload_headers,
            clients: OnceLock::new(),
            budget: Budget::new(),
            options,
        }
    }

    /// The artifacts of a bucket under a prefix.
    pub(crate) fn bucket(&self, name: String, prefix: String) -> Bucket {
        let clients = self.clients.get_or_init(|| {
            let own = client::build(&self.sdk, &self.options);
            Clients { presigning: client::presigning(&self.sdk, &self.options, &own), own }
        });
        let (client, presigning) = (clients.own.clone(), clients.presigning.clone());
        let presigned_valid = Duration::from_secs(self.options.presigned_seconds.unwrap_or(direct::READ_VALID).into());
        let (upload_headers, patience) = (self.upload_headers.clone(), self.options.patience);
        let budget = self.budget.clone();
        Bucket { client, presigning, name, prefix, upload_headers, creating: false, presigned_valid, patience, budget }
    }
}

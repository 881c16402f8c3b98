//! From flags to what each part needs to know; contradictions become sentences.

use std::path::absolute;

use api::Security;
use domain::settings;
use service::{ArtifactConfig, Limits, WebhookConfig};

use crate::cli::ServerArgs;

/// The server's configuration, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) store: service::StoreOptions,
    pub(crate) s3: service::S3Options,
    pub(crate) artifacts: ArtifactConfig,
    pub(crate) limits: Limits,
    pub(crate) webhooks: WebhookConfig,
    pub(crate) security: Security,
    pub(crate) static_prefix: String,
    /// What a person should know, though it is no error.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Reads the flags. `Err` is a sentence for the person at the terminal.
    pub(crate) fn new(args: &ServerArgs) -> Result<Self, String> {
        let mut warnings = Vec::new();
        for (flag, value) in [
            ("--gunicorn-opts", &args.gunicorn_opts),
            ("--waitress-opts", &args.waitress_opts),
            ("--uvicorn-opts", &args.uvicorn_opts),
            ("--read-replica-backend-store-uri", &args.read_replica_backend_store_uri),
            ("--trace-archival-config", &args.trace_archival_config),
            ("--secrets-cache-ttl", &args.secrets_cache_ttl),
            ("--secrets-cache-max-size", &args.secrets_cache_max_size),
        ] {
            if value.is_some() {
                warnings.push(format!("{flag} has no meaning here and is ignored"));
            }
        }
        if args.registry_store_uri.as_ref().is_some_and(|uri| *uri != args.backend_store_uri) {
            return Err(
                "--registry-store-uri must be the same as --backend-store-uri: the registry lives in the same database"
                    .into(),
            );
        }
        // Whoever starts a server with logins must not get one without.
        if let Some(name) = &args.app_name {
            return Err(format!(
                "--app-name {name} is not supported: there are no logins; put a proxy that asks for one in front of the \
                 server, and leave the flag out"
            ));
        }
        if args.enable_workspaces && !args.disable_workspaces {
            return Err("--enable-workspaces is not supported: there is one workspace".into());
        }
        if !matches!(args.x_frame_options.to_ascii_uppercase().as_str(), "SAMEORIGIN" | "DENY" | "NONE") {
            return Err(format!("--x-frame-options must be SAMEORIGIN, DENY or NONE, not '{}'", args.x_frame_options));
        }
        let serve = args.serve_artifacts && !args.no_serve_artifacts;
        if args.artifacts_only && !serve {
            return Err("--artifacts-only needs the artifact proxy: leave out --no-serve-artifacts".to_owned());
        }
        let default_root = match &args.default_artifact_root {
            Some(root) => absolute_location(root)?,
            None if serve => "mlflow-artifacts:/".to_owned(),
            None => absolute_location("./mlruns")?,
        };
        // With a host it is another server's proxy.
        let is_own_proxy =
            default_root.starts_with("mlflow-artifacts:") && !default_root.starts_with("mlflow-artifacts://");
        if is_own_proxy && !serve {
            return Err(format!(
                "--default-artifact-root {default_root} needs the artifact proxy: leave out --no-serve-artifacts"
            ));
        }
        let store = service::StoreOptions {
            uri: args.backend_store_uri.clone(),
            max_connections: args.max_connections.max(1),
            sqlite_full_sync: args.sqlite_full_sync,
        };
        let s3 = service::S3Options {
            public_endpoint: args.public_s3_endpoint.clone().filter(|url| !url.is_empty()),
            ..service::S3Options::from_env()?
        };
        s3.check()?;
        Ok(Self {
            // Servers that share a Postgres share no folder: there the key has to be configured.
            webhooks: WebhookConfig {
                key_file: store.sqlite_file().map(|path| path.with_added_extension("webhook-key")),
                ..WebhookConfig::from_env()?
            },
            store,
            s3,
            artifacts: ArtifactConfig {
                default_root,
                destination: destination(&args.artifacts_destination)?,
                serve,
                allowed_schemes: list(std::env::var("MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES").ok().as_deref()),
            },
            limits: limits(|name| std::env::var(name).ok())?,
            security: Security {
                enabled: !args.disable_security_middleware,
                allowed_hosts: args.allowed_hosts.as_deref().map(|hosts| list(Some(hosts))),
                allowed_origins: list(args.cors_allowed_origins.as_deref()),
                frame_options: args.x_frame_options.to_ascii_uppercase(),
            },
            static_prefix: prefix(args.static_prefix.as_deref().unwrap_or_default())?,
            warnings,
        })
    }
}

/// The limits that the environment sets, read by `variable`.
fn limits(variable: impl Fn(&str) -> Option<String>) -> Result<Limits, String> {
    const CUT: &str = "MLFLOW_TRUNCATE_LONG_VALUES";
    const LOCATION: &str = "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH";
    let limits = Limits::default();
    Ok(Limits {
        cut_long_values: settings::switch(CUT, variable(CUT).as_deref())?.unwrap_or(limits.cut_long_values),
        max_location: settings::number(LOCATION, variable(LOCATION).as_deref())?.unwrap_or(limits.max_location),
    })
}

/// Items of a comma-separated list.
fn list(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A location as it is stored: folders absolute, URIs as they are.
pub(crate) fn absolute_location(location: &str) -> Result<String, String> {
    let has_scheme = location.split_once(':').is_some_and(|(scheme, _)| scheme.len() > 1 && !scheme.contains('/'));
    if has_scheme {
        return Ok(location.to_owned());
    }
    let path = absolute(location).map_err(|e| format!("the folder '{location}' can't be used: {e}"))?;
    path.components()
        .collect::<std::path::PathBuf>()
        .into_os_string()
        .into_string()
        .map_err(|_| format!("the folder '{location}' is not valid UTF-8"))
}

/// Where the proxy keeps files: as [`absolute_location`], where the server can.
pub(crate) fn destination(location: &str) -> Result<String, String> {
    let destination = absolute_location(location)?;
    if service::Artifacts::supports(&destination) {
        Ok(destination)
    } else {
        Err(format!("--artifacts-destination must be a folder, or s3://bucket/path, not '{location}'"))
    }
}

/// `/mlflow` from `/mlflow`, and from `/mlflow/`; empty from empty.
pub(crate) fn prefix(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    if !text.starts_with('/') {
        return Err("--static-prefix must start with a '/'".into());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        assert_eq!(absolute_location("s3://b/p").unwrap(), "s3://b/p");
        assert_eq!(absolute_location("/x/./y").unwrap(), "/x/y");
        assert!(absolute_location("./x").unwrap().ends_with("/x"));
        assert_eq!(destination("s3://b/p").unwrap(), "s3://b/p");
        destination("gs://b/p").unwrap_err();
        assert_eq!(prefix("/m/").unwrap(), "/m");
        prefix("m").unwrap_err();
    }

    #[test]
    fn limits_come_from_the_environment() {
        assert_eq!(limits(|_| None), Ok(Limits::default()));
        let set = |name: &str| Some(if name.starts_with("MLFLOW_TRUNCATE") { "False" } else { "10" }.to_owned());
        assert_eq!(limits(set), Ok(Limits { cut_long_values: false, max_location: 10 }));
        limits(|_| Some("perhaps".into())).unwrap_err();
    }
}

//! The command line: the names of `mlflow server`'s flags and environment variables, and a few of our own.

use std::ffi::OsStr;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// An MLflow tracking server, model registry and artifact proxy with its own web UI.
#[derive(Debug, Parser)]
#[command(name = "ferroflow", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line and the environment; ends the process with a sentence if it cannot.
pub(crate) fn read() -> Cli {
    let command = without_empty(Cli::command(), |name| std::env::var_os(name).is_some_and(|value| value.is_empty()));
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// A command that takes no notice of variables that are empty, as those are that docker compose and others pass on unset.
fn without_empty(command: clap::Command, is_empty: impl Fn(&OsStr) -> bool + Copy) -> clap::Command {
    command.mut_subcommands(|subcommand| {
        subcommand.mut_args(|arg| match arg.get_env() {
            Some(name) if is_empty(name) => arg.env(None::<&'static str>),
            _ => arg,
        })
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and the web UI.
    Server(Box<ServerArgs>),
    /// Ask a running server whether it is well; exits 0 if it is.
    Health(HealthArgs),
    /// Read every stored file back and compare it with what was stored. Exits 1 if any differs or is missing, 2 if it
    /// could not be done.
    Verify(VerifyArgs),
    /// Remove for good what was deleted: rows and files. Exits 1 if something could not be removed, 2 if it could not be
    /// done.
    Gc(GcArgs),
}

/// `mlflow server`'s own flags keep its names, defaults and variables.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one per switch of the command line")]
#[command(disable_help_flag = true)]
pub(crate) struct ServerArgs {
    /// Where metadata is kept: `sqlite:///path/to/file.db` (three slashes before a relative path, four before an
    /// absolute one) or postgresql://user:password@host:port/database.
    #[arg(
        long,
        value_name = "URI",
        env = "MLFLOW_BACKEND_STORE_URI",
        default_value = "sqlite:///mlflow.db",
        hide_env_values = true
    )]
    pub(crate) backend_store_uri: String,

    /// Where the model registry is kept; only the backend store itself is supported.
    #[arg(long, value_name = "URI", env = "MLFLOW_REGISTRY_STORE_URI", hide_env_values = true)]
    pub(crate) registry_store_uri: Option<String>,

    /// Where artifacts of new experiments go. Default: mlflow-artifacts:/ with the proxy, ./mlruns without.
    #[arg(long, value_name = "URI", env = "MLFLOW_DEFAULT_ARTIFACT_ROOT")]
    pub(crate) default_artifact_root: Option<String>,

    /// Pass artifacts through this server (the default).
    #[arg(long, env = "MLFLOW_SERVE_ARTIFACTS", action = ArgAction::SetTrue, default_value = "true", default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new(), overrides_with = "no_serve_artifacts")]
    pub(crate) serve_artifacts: bool,

    /// Let clients reach the artifact store by themselves.
    #[arg(long, overrides_with = "serve_artifacts")]
    pub(crate) no_serve_artifacts: bool,

    /// Serve artifacts alone, and neither tracking nor registry nor web UI.
    #[arg(long, env = "MLFLOW_ARTIFACTS_ONLY", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) artifacts_only: bool,

    /// Where proxied artifacts are kept: a folder, or `s3://bucket/path`.
    #[arg(long, value_name = "URI", env = "MLFLOW_ARTIFACTS_DESTINATION", default_value = "./mlartifacts")]
    pub(crate) artifacts_destination: String,

    /// Where clients reach the S3 server that `MLFLOW_S3_ENDPOINT_URL` names, such as `https://files.example.org`: they are given
    /// signed addresses there for large files. Without it, all files pass through this server.
    #[arg(long, value_name = "URL", env = "FERROFLOW_S3_PUBLIC_ENDPOINT")]
    pub(crate) public_s3_endpoint: Option<String>,

    /// Network interface to listen on; 0.0.0.0 for all.
    #[arg(short = 'h', long, env = "MLFLOW_HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// Port to listen on.
    #[arg(short = 'p', long, env = "MLFLOW_PORT", default_value_t = 5000)]
    pub(crate) port: u16,

    /// Threads that serve requests. Default: one for each processor.
    #[arg(short = 'w', long, env = "MLFLOW_WORKERS")]
    pub(crate) workers: Option<usize>,

    /// Put everything under this path, such as /mlflow.
    #[arg(long, value_name = "PATH", env = "MLFLOW_STATIC_PREFIX")]
    pub(crate) static_prefix: Option<String>,

    /// Host headers that are answered, comma-separated, with * as a wildcard. Default: localhost and private networks.
    #[arg(long, value_name = "HOSTS", env = "MLFLOW_SERVER_ALLOWED_HOSTS")]
    pub(crate) allowed_hosts: Option<String>,

    /// Origins of other sites that may call the API from a browser, comma-separated.
    #[arg(long, value_name = "ORIGINS", env = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")]
    pub(crate) cors_allowed_origins: Option<String>,

    /// The X-Frame-Options header: SAMEORIGIN, DENY, or NONE for no header.
    #[arg(long, value_name = "VALUE", env = "MLFLOW_SERVER_X_FRAME_OPTIONS", default_value = "SAMEORIGIN")]
    pub(crate) x_frame_options: String,

    /// Answer any Host and Origin. Only for tests.
    #[arg(long, env = "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) disable_security_middleware: bool,

    /// Connections to Postgres, or readers of SQLite, at most.
    #[arg(long, value_name = "N", env = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", default_value_t = 16)]
    pub(crate) max_connections: u32,

    /// With SQLite: flush to the disk at each commit, so that acknowledged writes survive a power cut, too.
    #[arg(long, env = "FERROFLOW_SQLITE_FULL_SYNC", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) sqlite_full_sync: bool,

    /// Let the web UI and the HTTP API remove for good what was deleted, as `ferroflow gc` does. There is no login: whoever
    /// reaches the server could.
    #[arg(long, env = "FERROFLOW_ALLOW_GC", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) allow_gc: bool,

    /// Count requests and tell them at /metrics, in the format of Prometheus. The folder that MLflow wants here has no
    /// meaning.
    #[arg(long, value_name = "FOLDER", env = "MLFLOW_EXPOSE_PROMETHEUS")]
    pub(crate) expose_prometheus: Option<String>,

    /// Log as JSON, for a log collector.
    #[arg(long, env = "FERROFLOW_LOG_JSON", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) log_json: bool,

    /// Log every request.
    #[arg(long)]
    pub(crate) dev: bool,

    /// Has no meaning here; taken so that start scripts need no change.
    #[arg(long, value_name = "OPTS", env = "MLFLOW_GUNICORN_OPTS", allow_hyphen_values = true)]
    pub(crate) gunicorn_opts: Option<String>,

    /// Has no meaning here; taken so that start scripts need no change.
    #[arg(long, value_name = "OPTS", allow_hyphen_values = true)]
    pub(crate) waitress_opts: Option<String>,

    /// Has no meaning here; taken so that start scripts need no change.
    #[arg(long, value_name = "OPTS", env = "MLFLOW_UVICORN_OPTS", allow_hyphen_values = true)]
    pub(crate) uvicorn_opts: Option<String>,

    /// Has no meaning here; taken so that start scripts need no change. Everything is read from the backend store.
    #[arg(long, value_name = "URI", env = "MLFLOW_READ_REPLICA_BACKEND_STORE_URI", hide_env_values = true)]
    pub(crate) read_replica_backend_store_uri: Option<String>,

    /// Has no meaning here; taken so that start scripts need no change. There are no traces.
    #[arg(long, value_name = "FILE", env = "MLFLOW_TRACE_ARCHIVAL_CONFIG")]
    pub(crate) trace_archival_config: Option<String>,

    /// Has no meaning here; taken so that start scripts need no change.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) secrets_cache_ttl: Option<String>,

    /// Has no meaning here; taken so that start scripts need no change.
    #[arg(long, value_name = "N")]
    pub(crate) secrets_cache_max_size: Option<String>,

    /// Refused: there are no logins yet.
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) app_name: Option<String>,

    /// Refused: there is one workspace.
    #[arg(long, hide = true, env = "MLFLOW_ENABLE_WORKSPACES", overrides_with = "disable_workspaces",
        value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) enable_workspaces: bool,

    /// As it is.
    #[arg(long, hide = true, overrides_with = "enable_workspaces")]
    pub(crate) disable_workspaces: bool,

    /// Show this help.
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

/// Where a server keeps its data; the flags of `ferroflow server`.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Where metadata is kept, as for `ferroflow server`.
    #[arg(
        long,
        value_name = "URI",
        env = "MLFLOW_BACKEND_STORE_URI",
        default_value = "sqlite:///mlflow.db",
        hide_env_values = true
    )]
    pub(crate) backend_store_uri: String,

    /// Where proxied artifacts are kept: a folder, or `s3://bucket/path`.
    #[arg(long, value_name = "URI", env = "MLFLOW_ARTIFACTS_DESTINATION", default_value = "./mlartifacts")]
    pub(crate) artifacts_destination: String,

    /// The artifacts are somewhere else now than where the last server kept them.
    #[arg(long)]
    pub(crate) artifacts_moved: bool,

    /// Where artifacts of new experiments go. Default: mlflow-artifacts:/
    #[arg(long, value_name = "URI", env = "MLFLOW_DEFAULT_ARTIFACT_ROOT")]
    pub(crate) default_artifact_root: Option<String>,

    /// With SQLite: flush to the disk at each commit.
    #[arg(long, env = "FERROFLOW_SQLITE_FULL_SYNC", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) sqlite_full_sync: bool,
}

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,

    /// Only the files of this experiment: its id or name.
    #[arg(long, value_name = "EXPERIMENT")]
    pub(crate) experiment: Option<String>,

    /// Only the files of this registered model's versions.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// Take and keep the digests of files that have none, such as those that were stored before there were any.
    #[arg(long)]
    pub(crate) record: bool,

    /// Count a file without a digest as a finding.
    #[arg(long)]
    pub(crate) require_digests: bool,

    /// One JSON object a line: findings, and a summary at the end.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to remove. `mlflow gc`'s own flags keep its names.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,

    /// How long ago it must have been deleted, such as 7d2h30m. Default: 30d, and any time for what is named.
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<String>,

    /// Only these runs, comma-separated.
    #[arg(long, value_name = "IDS")]
    pub(crate) run_ids: Option<String>,

    /// Only these experiments, comma-separated, with their runs and logged models.
    #[arg(long, value_name = "IDS")]
    pub(crate) experiment_ids: Option<String>,

    /// Only these logged models, comma-separated.
    #[arg(long, value_name = "IDS")]
    pub(crate) logged_model_ids: Option<String>,

    /// Remove nothing; show what would be removed, and how much space that frees.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,

    /// Has no meaning here; taken so that scripts need no change.
    #[arg(long, value_name = "URI", env = "MLFLOW_TRACKING_URI")]
    pub(crate) tracking_uri: Option<String>,
}

/// Where the server is.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// The network interface that the server listens on.
    #[arg(long, env = "MLFLOW_HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// The server's port on this machine.
    #[arg(short, long, env = "MLFLOW_PORT", default_value_t = 5000)]
    pub(crate) port: u16,

    /// The server's path prefix.
    #[arg(long, env = "MLFLOW_STATIC_PREFIX", default_value = "")]
    pub(crate) static_prefix: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_unset() {
        let command = without_empty(Cli::command(), |name| name == "MLFLOW_PORT");
        let server = command.find_subcommand("server").unwrap();
        let env = |id: &str| server.get_arguments().find(|arg| arg.get_id() == id).unwrap().get_env();
        assert_eq!(env("port"), None);
        assert_eq!(env("host"), Some(OsStr::new("MLFLOW_HOST")));
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

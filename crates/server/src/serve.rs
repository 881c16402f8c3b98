//! `ferroflow server`: from configuration to a listening server, and to its end.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use futures::FutureExt;
use service::{Artifacts, Service, Store, SystemClock, SystemEntropy};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::cli::ServerArgs;
use crate::config::Config;
use crate::prometheus::Figures;
use crate::site::Site;
use crate::web;

/// MLflow's variable for a pattern that sources of new model versions must match.
const SOURCE_PATTERN: &str = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX";
/// How often to look for what broken uploads left behind.
const SWEEP_INTERVAL: Duration = Duration::from_hours(6);
/// How long requests that are under way may take after SIGTERM.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs until SIGTERM or Ctrl-C. `Err` is a sentence for the person at the terminal.
pub(crate) fn run(args: &ServerArgs) -> Result<(), String> {
    log(args);
    let config = Config::new(args)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all();
    if let Some(workers) = args.workers {
        runtime.worker_threads(workers.max(1));
    }
    let runtime = runtime.build().map_err(|e| format!("can't start threads: {e}"))?;
    runtime.block_on(serve(args, config))
}

async fn serve(args: &ServerArgs, config: Config) -> Result<(), String> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    // The port first: if it is taken, nothing else should have happened.
    let listener = TcpListener::bind((args.host.as_str(), args.port)).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("port {} of {} is taken; choose another one with --port", args.port, args.host)
        }
        _ => format!("can't listen on {}:{}: {e}", args.host, args.port),
    })?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    let store = Store::open(&config.store).await.map_err(|e| e.to_string())?;
    let artifacts = Artifacts::new(config.s3).await;
    let mut service = Service::new(
        store.clone(),
        artifacts,
        config.artifacts.clone(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    if let Some(pattern) = std::env::var(SOURCE_PATTERN).ok().filter(|pattern| !pattern.is_empty()) {
        service = service.with_source_pattern(&pattern).map_err(|e| format!("{SOURCE_PATTERN} is no pattern: {e}"))?;
    }
    service = service.with_limits(config.limits).with_webhooks(config.webhooks)?;
    if args.allow_gc {
        service = service.with_removal();
    }
    // After all that a person could have to mend, and before anything that counts on it.
    let _claim = config.store.claim()?;
    service.prepare().await.map_err(|e| format!("the database can't be prepared: {}", e.message))?;
    let site = Site::load();
    if !site.is_built() {
        tracing::warn!("the web UI's code was not built: pages show, but don't react. `make run` builds it.");
    }
    let (stop_deliveries, no_more) = tokio::sync::oneshot::channel::<()>();
    let deliveries = tokio::spawn({
        let service = service.clone();
        async move { service.deliver_webhooks(no_more.map(drop)).await }
    });
    let sweeping = tokio::spawn(sweep_uploads(service.clone()));
    let figures = args.expose_prometheus.is_some().then(Figures::new);
    let beside = figures.as_ref().map(Figures::route).unwrap_or_default();
    let router = if args.artifacts_only {
        api::artifacts_router(&service, &config.security, &config.static_prefix, beside)
    } else {
        web::router(&service, site, &config.security, &config.static_prefix, beside)
    };
    let router = match figures {
        Some(figures) => figures.observe(router),
        None => router,
    };
    let router = if args.dev { router.layer(logged()) } else { router };
    greet(args, &config.artifacts, &config.static_prefix, port);

    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for more; a socket that refuses is only slower.
        drop(stream.set_nodelay(true));
    });
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        wait_for_stop().await;
        tracing::info!("stopping: waiting for requests that are under way");
        // The receiver waits as long as the server runs.
        let _ = stop.send(());
    });
    let timeout = async {
        if stopped.await.is_ok() {
            tokio::time::sleep(DRAIN_TIMEOUT).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        done = async { server.await } => done.map_err(|e| format!("the server failed: {e}"))?,
        () = timeout => tracing::warn!("some requests did not end within {} seconds", DRAIN_TIMEOUT.as_secs()),
    }
    sweeping.abort();
    // After the last request, which may have had something to tell.
    drop(stop_deliveries);
    if deliveries.await.is_err() {
        tracing::error!("the delivery of webhooks had broken off");
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Frees, from time to time, what uploads left behind whose sender or server died.
async fn sweep_uploads(service: Service) {
    let mut times = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        times.tick().await;
        match service.sweep_uploads().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed what broken uploads had left behind"),
            Err(error) => tracing::warn!(error.message, "what broken uploads left behind stays for now"),
        }
    }
}

/// Returns at SIGTERM or Ctrl-C.
async fn wait_for_stop() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

/// Says where everything is, and how a client gets there.
fn greet(args: &ServerArgs, artifacts: &service::ArtifactConfig, prefix: &str, port: u16) {
    let host = match args.host.as_str() {
        "0.0.0.0" | "127.0.0.1" | "::" | "::1" => "localhost".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        name => name.to_owned(),
    };
    let address = format!("http://{host}:{port}{prefix}");
    let files = if artifacts.serve { &artifacts.destination } else { &artifacts.default_root };
    let greeting = format!(
        "Ferroflow {version} serves at {address}\n\
         \x20 metadata:  {database}\n\
         \x20 artifacts: {files}\n\n\
         A client needs two lines:\n\
         \x20 import mlflow\n\
         \x20 mlflow.set_tracking_uri(\"{address}\")\n",
        version = env!("CARGO_PKG_VERSION"),
        database = service::redact(&args.backend_store_uri),
    );
    // Nobody may be listening.
    drop(writeln!(std::io::stdout(), "{greeting}"));
}

/// Logs each request with its answer's status and how long that took.
fn logged() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
}

fn log(args: &ServerArgs) {
    let default = if args.dev { "info,api=debug,store=debug" } else { "info" };
    let filter = EnvFilter::try_from_env("FERROFLOW_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // Where the log cannot be written, such as on a full disk, complaining on standard error would panic.
    let logger =
        tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter).with_writer(std::io::stderr);
    if args.log_json {
        logger.json().init();
    } else {
        logger.with_ansi(std::io::stderr().is_terminal()).with_target(false).init();
    }
}

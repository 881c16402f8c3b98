//! The `ferroflow` binary: command line, configuration, wiring, shutdown, observability.
// The type of the whole UI is deep.
#![recursion_limit = "512"]

mod cli;
mod config;
mod health;
mod maintenance;
mod prometheus;
mod serve;
mod site;
mod web;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Answers are made of many short texts; the system's allocator takes a sixth more time for them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = cli::read();
    let done = match cli.command {
        cli::Command::Server(args) => serve::run(&args),
        cli::Command::Health(args) => health::check(&args),
        cli::Command::Verify(args) => return maintenance::verify(&args),
        cli::Command::Gc(args) => return maintenance::gc(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("ferroflow: {sentence}");
            ExitCode::FAILURE
        }
    }
}

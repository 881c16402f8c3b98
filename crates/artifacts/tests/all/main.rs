//! Every case on a folder and on a real S3 server.

mod common;
mod direct;
mod faults;
mod faulty;
mod folder;
mod repository;
mod settings;
mod survey;
mod sweep;
mod tls;

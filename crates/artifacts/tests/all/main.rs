//! Every case on a folder and on a real S3 server.

mod common;
mod direct;
mod folder;
mod repository;
mod tls;

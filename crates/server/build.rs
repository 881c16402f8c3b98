//! Builds again when the site inside the binary has changed.

fn main() {
    println!("cargo::rerun-if-changed=../../target/site");
    println!("cargo::rerun-if-changed=build.rs");
}

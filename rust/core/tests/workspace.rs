//! What the crate's folder repeats from the workspace must stay the same there and here.

const WORKSPACE_README: &str = include_str!("../../../README.md");
const CRATE_README: &str = include_str!("../README.md");

/// The Rust in the workspace's README runs as a doctest of the crate's.
#[test]
fn the_rust_of_the_readme_is_in_that_of_the_crate() {
    let blocks = WORKSPACE_README.split("```rust\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(
            CRATE_README.contains(block),
            "copy this into rust/core/README.md:\n{block}"
        );
    }
}

#[test]
fn the_licence_is_the_same() {
    assert_eq!(
        include_str!("../LICENSE"),
        include_str!("../../../LICENSE"),
        "copy LICENSE to rust/core/LICENSE"
    );
}

//! A store as its users see it: through the commands of the binary.

use std::fs;
use std::path::Path;

use headwater_model::Counts;
use serde_json::Value;

use crate::binary;

/// What is committed of each input: the lines of `headwater checkpoint list`. Nothing where there is no store yet.
pub fn checkpoints(folder: &Path) -> Vec<Value> {
    let output = binary::headwater(folder, &["checkpoint", "list", "--data", "data"], &[]);
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(words.contains("no store"), "{words}");
        return Vec::new();
    }
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The account of all inputs.
pub fn committed(folder: &Path) -> Counts {
    let mut total = Counts::default();
    for line in checkpoints(folder) {
        total += serde_json::from_value::<Counts>(line["total"].clone()).unwrap();
    }
    total
}

/// The bytes of `headwater export volumes`.
pub fn exported(folder: &Path, more: &[&str]) -> Vec<u8> {
    let args = ["export", "volumes", "--data", "data", "--out", "exported.parquet"];
    binary::succeeds(folder, &[&args[..], more].concat());
    fs::read(folder.join("exported.parquet")).unwrap()
}

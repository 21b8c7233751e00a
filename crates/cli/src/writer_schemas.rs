//! The writer schemas that a configuration names, read and checked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use headwater_normalize::{WriterSchema, WriterSchemas};
use headwater_runtime::{Config, Source};

use crate::failure::Failure;

/// Longest file of a schema: the contract's own have 6 KiB.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// The schemas of each source that has any.
///
/// # Errors
/// Every problem there is, each with its key and its file.
pub fn of(config: &Config) -> Result<BTreeMap<String, Arc<WriterSchemas>>, Failure> {
    let (mut schemas, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, source) in &config.sources {
        match of_source(name, source) {
            Ok(of_source) => drop(schemas.insert(name.clone(), Arc::new(of_source))),
            Err(wrong) => problems.extend(wrong),
        }
    }
    if problems.is_empty() { Ok(schemas) } else { Err(Failure::Usage(problems.join("\n"))) }
}

/// The schemas of one source; none of a folder.
///
/// # Errors
/// As [`of`].
pub fn of_source(name: &str, source: &Source) -> Result<WriterSchemas, Vec<String>> {
    let Source::Topic { avro, .. } = source else { return Ok(WriterSchemas::default()) };
    let (mut schemas, mut problems) = (Vec::new(), Vec::new());
    for (id, file) in avro {
        match read(file) {
            Ok(schema) => schemas.push((*id, schema)),
            Err(problem) => problems.push(format!("sources.{name}.avro.{id}: {}: {problem}", file.display())),
        }
    }
    if problems.is_empty() { Ok(schemas.into_iter().collect()) } else { Err(problems) }
}

fn read(file: &Path) -> Result<WriterSchema, String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| format!("cannot read: {error}"))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    WriterSchema::parse(&text).map_err(|error| error.to_string())
}

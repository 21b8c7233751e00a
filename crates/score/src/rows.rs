//! The rows of the scoreboard, in their order.

use crate::method::Row;
use crate::reference;

/// All of them.
pub fn rows() -> Vec<Row> {
    vec![reference::row()]
}

//! The rows of the scoreboard, in their order.

use crate::limit;
use crate::method::Row;
use crate::peers::{adwin, cochran_mantel_haenszel, ears, farrington, negative_binomial_cusum, share_cusum};
use crate::product;
use crate::reference;

/// All of them.
pub fn rows() -> Vec<Row> {
    let peers = vec![
        reference::row(),
        share_cusum::stratified(),
        share_cusum::pooled(),
        cochran_mantel_haenszel::row(),
        negative_binomial_cusum::row(),
        ears::row(),
        farrington::row(),
        adwin::row(),
    ];
    [limit::row(), product::row()].into_iter().chain(peers).chain(product::ablations()).collect()
}

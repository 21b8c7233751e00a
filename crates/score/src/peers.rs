//! Published methods, each in a file of its own, each held against values that an established library gave.

pub mod adwin;
pub mod cochran_mantel_haenszel;
pub mod ears;
pub mod farrington;
pub mod glm;
pub mod negative_binomial_cusum;
#[cfg(test)]
mod salmonella;
pub mod share_cusum;

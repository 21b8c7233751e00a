//! `headwater drill`.

use std::time::Duration;

use clap::Args;
use headwater_model::Marking;

use crate::args::{Overlay, Store};
use crate::drill;

#[derive(Debug, Args)]
pub struct Drill {
    /// Id of a family that is tested: two of its substances are named
    #[arg(long, value_name = "FAMILY")]
    pub family: String,
    /// A country's two letters, or world
    #[arg(long, value_name = "MARKET")]
    pub market: String,
    /// Who may see it
    #[arg(long, value_name = "LABEL", default_value = "TLP:AMBER", value_parser = drill::marking)]
    pub marking: Marking,
    /// When it ends: a number and s, m, h or d
    #[arg(long = "for", value_name = "SPAN", default_value = "24h", value_parser = drill::span)]
    pub ends_in: Duration,
    #[command(flatten)]
    pub store: Store,
    #[command(flatten)]
    pub overlay: Overlay,
}

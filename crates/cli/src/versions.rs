//! What results are made with.

use headwater_catalog::Catalog;
use headwater_model::Versions;

/// The versions that go into every alert and summary.
pub fn versions(catalog: &Catalog) -> Versions {
    Versions {
        catalog: catalog.version(),
        model: headwater_detect::MODEL.to_owned(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

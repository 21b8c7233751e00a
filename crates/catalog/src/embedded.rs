//! The data files that the program carries.

/// Day on which the embedded data were last looked over.
pub(crate) const DATE: &str = "2026-11-24";

macro_rules! files {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../data/", $name)))),*] };
}

/// The files in the order of reading: families before who names them, names last.
pub(crate) const FILES: [(&str, &str); 12] = files![
    "families.toml",
    "precursors-fentanyl.toml",
    "precursors-amphetamines.toml",
    "precursors-mdma.toml",
    "precursors-other.toml",
    "drugs.toml",
    "adulterants-equipment.toml",
    "names-en.toml",
    "names-es.toml",
    "names-fr.toml",
    "names-ru.toml",
    "names-zh.toml",
];

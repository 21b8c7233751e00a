//! The areas of responsibility that the published editions name.

/// Field offices (ports of entry) and sectors (Border Patrol) in the editions FY2019 to FY2022, sorted.
pub const OFFICES: [&str; 41] = [
    "ATLANTA FIELD OFFICE",
    "BALTIMORE FIELD OFFICE",
    "BIG BEND SECTOR",
    "BLAINE SECTOR",
    "BOSTON FIELD OFFICE",
    "BUFFALO FIELD OFFICE",
    "BUFFALO SECTOR",
    "CHICAGO FIELD OFFICE",
    "DEL RIO SECTOR",
    "DETROIT FIELD OFFICE",
    "DETROIT SECTOR",
    "EL CENTRO SECTOR",
    "EL PASO FIELD OFFICE",
    "EL PASO SECTOR",
    "GRAND FORKS SECTOR",
    "HAVRE SECTOR",
    "HOULTON SECTOR",
    "HOUSTON FIELD OFFICE",
    "LAREDO FIELD OFFICE",
    "LAREDO SECTOR",
    "LOS ANGELES FIELD OFFICE",
    "MIAMI FIELD OFFICE",
    "MIAMI SECTOR",
    "NEW ORLEANS FIELD OFFICE",
    "NEW ORLEANS SECTOR",
    "NEW YORK FIELD OFFICE",
    "PORTLAND FIELD OFFICE",
    "PRECLEARANCE FIELD OFFICE",
    "RAMEY SECTOR",
    "RIO GRANDE VALLEY SECTOR",
    "SAN DIEGO FIELD OFFICE",
    "SAN DIEGO SECTOR",
    "SAN FRANCISCO FIELD OFFICE",
    "SAN JUAN FIELD OFFICE",
    "SEATTLE FIELD OFFICE",
    "SPOKANE SECTOR",
    "SWANTON SECTOR",
    "TAMPA FIELD OFFICE",
    "TUCSON FIELD OFFICE",
    "TUCSON SECTOR",
    "YUMA SECTOR",
];

/// Whether an office is known, letter for letter.
pub(super) fn is_known(name: &str) -> bool {
    OFFICES.binary_search(&name).is_ok()
}

/// The known office that a name equals but for case and blanks.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect::<String>();
    OFFICES.into_iter().find(|office| letters(office) == letters(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(OFFICES.is_sorted());
        assert!(OFFICES.into_iter().all(is_known));
        assert!(!is_known("Tucson Sector"));
        assert_eq!(nearest("Tucson  sector"), Some("TUCSON SECTOR"));
        assert_eq!(nearest("NOME SECTOR"), None);
    }
}

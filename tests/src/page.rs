//! Pages of the documentation whose tables are made by a test, so that no figure in them is typed.
#![expect(clippy::disallowed_methods, reason = "whether pages are to be written is no configuration of the product")]

use std::fs;

use crate::broker::root;

/// Holds what stands in a page between `<!-- NAME -->` and `<!-- end of NAME -->` to what was made now. With
/// `HEADWATER_UPDATE=1` in the environment it is written there instead.
///
/// # Panics
/// When the page says something else, with the first line that differs; when the page has no such part.
pub fn held(page: &str, name: &str, made: &str) {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
    let part = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?)));
    let (before, (part, after)) = part.unwrap_or_else(|| panic!("{page} has no part {name}, {begin:?} to {end:?}"));
    let made = format!("\n{}\n\n", made.trim());
    if std::env::var_os("HEADWATER_UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, [before, &begin, &made, &end, after].concat()).unwrap();
        return;
    }
    let differs = part.lines().zip(made.lines()).find(|(held, ours)| held != ours);
    assert!(
        part == made,
        "{page}, part {name}, is not what is so now; the first line that differs, as held and as it is: {differs:?}. \
         The same test with HEADWATER_UPDATE=1 writes it"
    );
}

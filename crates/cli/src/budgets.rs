//! The budgets of the configuration, held against the reference data: which families and markets there are.

use std::collections::BTreeMap;

use headwater_catalog::Catalog;
use headwater_model::{Budgets, Country};
use headwater_runtime::DetectSettings;

use crate::failure::Failure;

/// Key of the configuration below which the names stand.
const KEY: &str = "detect.budgets";
/// The market of what shows in no single one, as alerts have it.
const WORLD: &str = "world";

/// How the detector decides: the product's own constants, and what the configuration says of the desk.
pub fn detector(settings: &DetectSettings, catalog: &Catalog) -> Result<headwater_detect::Config, Failure> {
    let budgets = budgets(settings, catalog).map_err(|wrong| Failure::Usage(wrong.join("\n")))?;
    Ok(headwater_detect::Config { budgets, ..headwater_detect::Config::default() })
}

/// The budgets; a sentence for each name that there is not, with its key.
pub fn budgets(settings: &DetectSettings, catalog: &Catalog) -> Result<Budgets, Vec<String>> {
    let mut wrong = Vec::new();
    let families = named("family", &settings.budgets.family, |name| family(name, catalog), &mut wrong);
    let markets = named("market", &settings.budgets.market, |name| market(name, catalog), &mut wrong);
    match wrong.is_empty() {
        true => Ok(Budgets { common: settings.weekly_budget, families, markets }),
        false => Err(wrong),
    }
}

fn named(
    of: &str,
    given: &BTreeMap<String, u32>,
    known: impl Fn(&str) -> Result<String, String>,
    wrong: &mut Vec<String>,
) -> BTreeMap<Box<str>, u32> {
    let mut budgets = BTreeMap::new();
    for (name, alerts) in given {
        match known(name) {
            Ok(known) if budgets.insert(known.as_str().into(), *alerts).is_some() => {
                wrong.push(format!("{KEY}.{of}.{name}: {known} is given twice"));
            }
            Ok(_) => {}
            Err(message) => wrong.push(format!("{KEY}.{of}.{name}: {message}")),
        }
    }
    budgets
}

/// The id of a family that is tested. A variable of the environment has `_` where an id has `-`.
pub fn family(name: &str, catalog: &Catalog) -> Result<String, String> {
    let tested = || catalog.families().iter().filter(|family| family.tested).map(|family| &*family.id);
    let is = |id: &&str| *id == name || id.replace('-', "_") == name;
    tested().find(is).map(str::to_owned).ok_or_else(|| {
        let known: Vec<&str> = tested().collect();
        format!("{name:?} is no family that is tested; there are {}", known.join(", "))
    })
}

/// The word of a market. A variable of the environment has no capitals.
pub fn market(name: &str, catalog: &Catalog) -> Result<String, String> {
    if name == WORLD {
        return Ok(WORLD.to_owned());
    }
    let letters = <[u8; 2]>::try_from(name.to_ascii_uppercase().as_bytes()).ok();
    let country = letters.and_then(Country::from_letters).filter(|country| catalog.is_country(*country));
    let wrong = || format!("{name:?} is no market: a country's two letters as in ISO 3166-1, or {WORLD}");
    country.map(|country| country.to_string()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use headwater_runtime::Config;

    use super::*;

    fn of(text: &str) -> Result<Budgets, Vec<String>> {
        let text = format!("[sources.inbox]\npath = \"inbox\"\n[detect]\n{text}\n");
        budgets(&Config::check(&text, []).unwrap().detect, &Catalog::embedded())
    }

    #[test]
    fn names_are_held_against_the_catalog() {
        let given = "weekly_budget = 7\nbudgets.family = { opioids = 20, methamphetamine_amphetamine = 4 }\n\
                     budgets.market = { us = 5, NL = 6, world = 2 }";
        let expected = Budgets {
            common: 7,
            families: [("opioids".into(), 20), ("methamphetamine-amphetamine".into(), 4)].into(),
            markets: [("US".into(), 5), ("NL".into(), 6), ("world".into(), 2)].into(),
        };
        assert_eq!(of(given), Ok(expected));
        assert_eq!(of(""), Ok(headwater_detect::Config::default().budgets), "nothing said: the default");
        let wrong = of(
            "budgets.family = { opiods = 1, equipment = 2 }\nbudgets.market = { QQ = 1, usa = 2, US = 3, us = 4, XX = 5 }",
        );
        let wrong = wrong.unwrap_err();
        for (at, part) in [
            "detect.budgets.family.equipment: \"equipment\" is no family that is tested; there are ",
            "detect.budgets.family.opiods: \"opiods\" is no family that is tested; there are ",
            "detect.budgets.market.QQ: \"QQ\" is no market: ",
            "detect.budgets.market.XX: \"XX\" is no market: ",
            "detect.budgets.market.us: US is given twice",
            "detect.budgets.market.usa: \"usa\" is no market: ",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(wrong[at].starts_with(part), "{wrong:?}");
        }
        assert_eq!(wrong.len(), 6);
    }
}

//! What is no shift must not look like one: codes, names, units, files, laboratories and reporters change, and nobody has
//! moved to another substance. Each world is made of records, with one such change in it, and goes through `headwater
//! replay` as files. Nothing may be raised; and with a true shift beside the change, the shift is: so silence says
//! something.
#![allow(clippy::unwrap_used)]

use std::fs;

use headwater_model::{Alert, Day, Decimal, Evidence, Quantity, TradeEvent, TradeItem, Unit};
use headwater_tests::binary;
use headwater_tests::feed::Dice;

/// Weeks of a world, and the first with the change: after two and a half years.
const WEEKS: i32 = 208;
const CHANGE_WEEK: i32 = 130;
/// First day of that week: the Harmonized System of 2022 has codes of their own for two chemicals that a basket held.
const CHANGE_DAY: &str = "2022-01-01";
/// Every case is looked at in so many worlds.
const SEEDS: std::ops::Range<u64> = 1..4;

/// What is declared: name, code before and after the change, and how many of ten declarations are of it.
const GOODS: [(&str, &str, &str, usize); 3] =
    [("4-AP", "2933.39", "2933.39", 5), ("ANPP", "2933.39", "2933.36", 3), ("NPP", "2933.39", "2933.37", 2)];
/// Reporters with the most declarations that each has in a week; the least is one.
const REPORTERS: [(&str, usize); 3] = [("SIM-CUSTOMS-A", 7), ("SIM-CUSTOMS-B", 5), ("SIM-CUSTOMS-C", 4)];

/// A declaration, and what a change may ask of it.
#[derive(Clone)]
struct Declared {
    event: TradeEvent,
    /// Place among the goods.
    good: usize,
    /// Whether it is of the time after the change.
    after: bool,
}

impl Declared {
    fn by(&self, reporter: usize) -> bool {
        self.event.source == REPORTERS[reporter].0
    }

    fn rename(&mut self, name: &str) {
        self.event.item.name = Some(name.into());
    }
}

/// A world in which nothing changes: three reporters of one market with some nine declarations a week.
fn quiet(seed: u64) -> Vec<Declared> {
    let mut dice = Dice::new(seed);
    let mut declared = Vec::new();
    for week in 0..WEEKS {
        for (source, most) in REPORTERS {
            for _ in 0..1 + dice.below(most) {
                declared.push(declaration(source, declared.len(), week, &mut dice));
            }
        }
    }
    declared
}

fn declaration(source: &str, number: usize, week: i32, dice: &mut Dice) -> Declared {
    let drawn = dice.below(10);
    let up_to = |good: usize| GOODS[..=good].iter().map(|(.., tenths)| tenths).sum::<usize>();
    let good = (0..GOODS.len()).find(|good| drawn < up_to(*good)).unwrap();
    let day = Day::parse(CHANGE_DAY).unwrap() + 7 * (week - CHANGE_WEEK) + dice.below(7) as i32;
    let reported_at = format!("{}T09:00:00Z", day + 3 + dice.below(12) as i32);
    let event = TradeEvent {
        item: TradeItem { name: Some(GOODS[good].0.into()), ..TradeItem::default() },
        quantity: Some(Quantity::new(Decimal::from(5 + dice.below(40) as i64), Unit::Kilogram)),
        origin: ["CN", "IN"][dice.below(2)].into(),
        destination: "MX".into(),
        ..TradeEvent::new(source, &format!("{source}-{number:05}"), Evidence::Import, day, &reported_at)
    };
    Declared { event, good, after: week >= CHANGE_WEEK }
}

/// A true shift: of ten declarations of 4-AP after the change, at every reporter, seven are of ANPP.
fn shift(world: &mut [Declared]) {
    let mut dice = Dice::new(7);
    for declared in world.iter_mut().filter(|d| d.after && d.good == 0) {
        if dice.below(10) < 7 {
            declared.good = 1;
            declared.rename(GOODS[1].0);
        }
    }
}

/// What a replay of files of events raises.
fn raised(files: &[Vec<TradeEvent>]) -> Vec<Alert> {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..files.len()).map(|number| format!("{number}.ndjson")).collect();
    for (name, events) in names.iter().zip(files) {
        let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect();
        fs::write(folder.path().join(name), lines.concat()).unwrap();
    }
    let outcome = binary::replay(folder.path(), &names.iter().map(String::as_str).collect::<Vec<_>>(), "out");
    assert_eq!(outcome.count("rejected"), 0);
    outcome.alerts().into_iter().filter(|alert| alert.revision == 1).collect()
}

fn events(world: Vec<Declared>) -> Vec<TradeEvent> {
    world.into_iter().map(|declared| declared.event).collect()
}

/// Puts a change into worlds that are otherwise quiet, where nothing may be raised, and into worlds with the shift,
/// where the shift is.
fn is_no_shift(change: impl Fn(Vec<Declared>) -> Vec<Vec<TradeEvent>>) {
    for seed in SEEDS {
        let told: Vec<String> = raised(&change(quiet(seed))).into_iter().map(|alert| alert.headline).collect();
        assert!(told.is_empty(), "world {seed}: {told:?}");
        let mut world = quiet(seed);
        shift(&mut world);
        let alerts = raised(&change(world));
        let tells = |alert: &Alert| {
            (alert.market.as_str(), alert.falling[0].id.as_str(), alert.rising[0].id.as_str()) == ("MX", "4-ap", "anpp")
        };
        let told: Vec<&String> = alerts.iter().map(|alert| &alert.headline).collect();
        assert!(alerts.iter().any(tells), "world {seed}: the shift is not among {told:?}");
    }
}

/// Changes the declarations one by one.
fn each(world: Vec<Declared>, change: impl FnMut(&mut Declared)) -> Vec<Vec<TradeEvent>> {
    let mut world = world;
    world.iter_mut().for_each(change);
    vec![events(world)]
}

#[test]
fn nothing_at_all() {
    is_no_shift(|world| vec![events(world)]);
}

#[test]
fn a_code_change_between_editions_of_the_harmonized_system() {
    is_no_shift(|world| {
        each(world, |declared| {
            let (_, before, after, _) = GOODS[declared.good];
            declared.event.item.hs = Some(if declared.after { after } else { before }.into());
        })
    });
}

/// Of ten declarations so many say a code and no name. The basket of before is no substance; the code of after is one.
#[test]
fn a_code_change_where_goods_are_declared_by_code_alone() {
    for nameless in [3, 6, 9] {
        is_no_shift(|world| {
            let mut dice = Dice::new(11);
            each(world, |declared| {
                let (_, before, after, _) = GOODS[declared.good];
                declared.event.item.hs = Some(if declared.after { after } else { before }.into());
                if dice.below(10) < nameless {
                    declared.event.item.name = None;
                }
            })
        });
    }
}

#[test]
fn a_source_that_renames_its_substance() {
    let synonym = |world| {
        each(world, |declared| {
            if declared.after && declared.good == 0 {
                declared.rename("N-phenylpiperidin-4-amine");
            }
        })
    };
    is_no_shift(synonym);
}

/// One source's new word for it stands in no list: for the catalog it has stopped declaring the substance.
#[test]
fn a_source_that_renames_its_substance_beyond_recognition() {
    for reporter in 0..REPORTERS.len() {
        is_no_shift(|world| {
            each(world, |declared| {
                if declared.after && declared.good == 0 && declared.by(reporter) {
                    declared.rename("article 77-1203");
                }
            })
        });
    }
}

#[test]
fn grams_that_are_written_as_kilograms() {
    is_no_shift(|world| {
        each(world, |declared| {
            if declared.after && declared.by(0) && declared.good == 1 {
                let kilograms: i64 = declared.event.quantity.as_ref().unwrap().value.as_str().parse().unwrap();
                declared.event.quantity = Some(Quantity::new(Decimal::from(1_000 * kilograms), Unit::Kilogram));
            }
        })
    });
}

/// What was declared of one substance arrives once more as it was, and once more as a revision that changes nothing but
/// its day. Counted again it would be most of the market.
#[test]
fn a_file_that_is_sent_again() {
    is_no_shift(|world| {
        let again = world.iter().filter(|declared| declared.after && declared.good == 1);
        let again: Vec<TradeEvent> = again.map(|declared| declared.event.clone()).collect();
        let revised = again.iter().cloned().map(|event| {
            let reported_at = format!("{}T09:00:00Z", Day::parse(&event.occurred_on).unwrap() + 30);
            TradeEvent { revision: Some(1), reported_at, ..event }
        });
        let revised = revised.collect();
        vec![events(world), again, revised]
    });
}

/// One reporter's laboratory tells apart from then on what it used to call by one name.
#[test]
fn a_laboratory_with_a_new_panel() {
    for reporter in 0..REPORTERS.len() {
        is_no_shift(|world| {
            let mut dice = Dice::new(13);
            each(world, |declared| {
                if declared.by(reporter) && declared.after && declared.good == 0 && dice.below(10) < 8 {
                    declared.rename(GOODS[1].0);
                }
            })
        });
    }
}

#[test]
fn a_reporter_that_joins_with_a_mix_of_its_own() {
    is_no_shift(|mut world| {
        let mut dice = Dice::new(17);
        for week in CHANGE_WEEK..WEEKS {
            for number in 0..1 + dice.below(6) {
                let mut declared = declaration("SIM-CUSTOMS-D", 10 * week as usize + number, week, &mut dice);
                if dice.below(10) < 8 {
                    declared.rename(GOODS[1].0);
                }
                world.push(declared);
            }
        }
        vec![events(world)]
    });
}

#[test]
fn a_reporter_that_leaves() {
    is_no_shift(|mut world| {
        world.retain(|declared| !(declared.after && declared.by(1)));
        vec![events(world)]
    });
}

//! Volumes as a reader asks for them: panes added up over exactly what the reader sees.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_model::{
    Country, Day, EventDay, Evidence, Id, KnownDay, Marking, PERIOD_SLACK_DAYS, Route, Series, SubstanceId,
    days_in_month, in_window,
};

use super::View;
use super::held::Spot;

/// Days of the longest period that a record may have.
const PERIOD_DAYS_MAX: i32 = 366;

/// Panes that one question may add up: a second of work.
const PANES_MAX: u64 = 5_000_000;

/// How long the spans are that figures are added up over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// Each figure under its own last day and length.
    #[default]
    Day,
    /// Event weeks, as detection has them.
    Week,
    /// Calendar months.
    Month,
    /// Calendar quarters.
    Quarter,
    /// Calendar years.
    Year,
}

impl Granularity {
    /// Every one, with its word.
    pub const ALL: [(&'static str, Granularity); 5] = [
        ("day", Granularity::Day),
        ("week", Granularity::Week),
        ("month", Granularity::Month),
        ("quarter", Granularity::Quarter),
        ("year", Granularity::Year),
    ];

    /// The first and the last day of the span that holds a day; `None` leaves figures as they are. A period is never
    /// split: it lies where its last day does.
    fn span(self, day: Day) -> Option<(Day, Day)> {
        let (year, month, _) = day.ymd();
        let months = |first: u32, last: u32| {
            Some((Day::from_ymd(year, first, 1)?, Day::from_ymd(year, last, days_in_month(year, last))?))
        };
        match self {
            Granularity::Day => None,
            Granularity::Week => Some((Day(day.week() * 7), Day(day.week() * 7 + 6))),
            Granularity::Month => months(month, month),
            Granularity::Quarter => months((month - 1) / 3 * 3 + 1, (month - 1) / 3 * 3 + 3),
            Granularity::Year => months(1, 12),
        }
    }
}

/// What routes are added up over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RollUp {
    /// Each route for itself.
    #[default]
    Route,
    /// Origin and destination.
    Ends,
    /// The market.
    Market,
}

/// Which volumes are asked for; an empty list does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Catalog ids, or `unmapped:...`.
    pub substances: Vec<String>,
    /// Precursor or market families.
    pub families: Vec<String>,
    /// Markets.
    pub markets: Vec<Country>,
    /// Origins.
    pub origins: Vec<Country>,
    /// Routes, written `CN>MX>US`.
    pub routes: Vec<String>,
    /// Reporting organisations.
    pub sources: Vec<String>,
    /// Kinds of evidence.
    pub evidence: Vec<Evidence>,
    /// Of lines: their day is this or later.
    pub from: Option<Day>,
    /// Of lines: their day is this or earlier.
    pub to: Option<Day>,
    /// What was known by the end of that day.
    pub as_of: Option<Day>,
    /// What was known after that day: lines are changes then.
    pub since: Option<Day>,
    /// The spans of lines.
    pub granularity: Granularity,
    /// How routes are added up.
    pub roll_up: RollUp,
    /// Days of a window that ends on each line's day.
    pub window_days: Option<i32>,
}

impl Selection {
    /// The first day of a figure that a line or its window is made of; none: any.
    fn first_day(&self) -> Option<Day> {
        let back = self.window_days.map_or(0, |days| days + PERIOD_SLACK_DAYS);
        self.from.map(|from| Day(from.0.saturating_sub(back)))
    }

    /// Where all figures lie that lines or their windows are made of; some more may.
    fn spots(&self) -> (Bound<Spot>, Bound<Spot>) {
        let spot = |first: Day, known_on: i32, period_days: u16| Spot {
            first: EventDay(first),
            period_days,
            known_on: KnownDay(Day(known_on)),
        };
        // A figure's period begins up to so many days before its day.
        let from = self.first_day().map(|from| Day(from.0.saturating_sub(PERIOD_DAYS_MAX)));
        // A window ends with the span that holds the last day.
        let to = self.to.map(|to| self.granularity.span(to).map_or(to, |(_, last)| last));
        (
            from.map_or(Bound::Unbounded, |from| Bound::Included(spot(from, i32::MIN, 0))),
            to.map_or(Bound::Unbounded, |to| Bound::Included(spot(to, i32::MAX, u16::MAX))),
        )
    }
}

/// What a line of a route's column stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way<'v> {
    Whole(&'v Route),
    Ends(Country, Country),
    Market(Country),
}

/// What lines are kept apart by beside their day. Its order is that of the texts.
type Key<'v> = (&'v str, Way<'v>, &'v str, &'static str);

/// Milligrams, pieces, incidents, events.
type Wide = [i128; 4];

/// One line of volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeLine {
    /// The last day of the figure or of the span.
    pub day: Day,
    /// Days of the figure's period, or of the span.
    pub period_days: u16,
    /// Catalog id, or `unmapped:...`.
    pub substance: String,
    /// The route, where it was not rolled up.
    pub route: Option<String>,
    /// Its first country, where it was not rolled up to markets.
    pub origin: Option<Country>,
    /// Its last country.
    pub market: Country,
    /// Reporting organisation.
    pub source: String,
    /// Kind of evidence.
    pub evidence: Evidence,
    /// Milligrams, pieces, incidents, events.
    pub sums: [i64; 4],
    /// Milligrams and incidents of the window that ends on `day`.
    pub window: Option<[i64; 2]>,
}

/// Which names a selection takes, by their number: there are many series to a name, and each name is looked at once.
#[derive(Default)]
struct Chosen {
    substances: Answers,
    sources: Answers,
    routes: Answers,
}

/// What was found of each number.
#[derive(Default)]
struct Answers(Vec<Option<bool>>);

impl Answers {
    fn of(&mut self, at: usize, find: impl FnOnce() -> bool) -> bool {
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        *self.0[at].get_or_insert_with(find)
    }
}

/// Lines, and what they are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeSheet {
    /// By day, length, substance, route, source and kind, as texts.
    pub lines: Vec<VolumeLine>,
    /// The narrowest label of what was added up; none where there is nothing.
    pub marking: Option<Marking>,
    /// Whether a source of it is simulated.
    pub simulated: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The question adds up more than one may.
    TooMuch {
        /// How many panes it may.
        at_most: u64,
    },
    /// A sum leaves 64 bits.
    Overflow(Day),
    /// Nobody waits for the answer any more.
    GivenUp,
}

impl View<'_> {
    /// Adds up what the reader sees of a selection. `given_up` is looked at between series.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn volumes(&self, of: &Selection, given_up: &AtomicBool) -> Result<VolumeSheet, Refused> {
        let (held, seen) = (self.held(), self.classes());
        let mut sheet = VolumeSheet::default();
        let mut groups: BTreeMap<Key<'_>, BTreeMap<(Day, u16), Wide>> = BTreeMap::new();
        let (panes, span, first_day) = (Cell::new(0), of.spots(), of.first_day());
        let mut chosen = Chosen::default();
        for id in self.candidates(of, &mut chosen) {
            if given_up.load(Ordering::Relaxed) {
                return Err(Refused::GivenUp);
            }
            let series = held.names.series.get(id);
            if !seen[series.access.index()] || !self.selects(of, series, &mut chosen) {
                continue;
            }
            let shelf = &held.shelves[id.index()];
            let known = |spot: &Spot| {
                of.as_of.is_none_or(|day| spot.known_on <= KnownDay(day))
                    && of.since.is_none_or(|day| spot.known_on > KnownDay(day))
            };
            let taken = |spot: &Spot| known(spot) && first_day.is_none_or(|first| spot.last() >= first);
            let counted = shelf.range(span).inspect(|_| panes.set(panes.get() + 1));
            let mut taken = counted.filter(|(spot, _)| taken(spot)).peekable();
            if taken.peek().is_some() {
                let key = self.key(of.roll_up, series);
                sheet.marking = sheet.marking.max(Some(held.names.accesses.get(series.access).marking));
                sheet.simulated |= key.2.starts_with(super::sources::SIMULATED);
                // A key is compared by its texts: once for a series.
                let group = groups.entry(key).or_default();
                for (spot, sums) in taken {
                    let figures = group.entry((spot.last(), spot.period_days)).or_default();
                    let more = [sums.mass_mg, sums.pieces, sums.incidents, sums.events];
                    figures.iter_mut().zip(more).for_each(|(sum, more)| *sum += i128::from(more));
                    if panes.get() > PANES_MAX {
                        break;
                    }
                }
            }
            if panes.get() > PANES_MAX {
                return Err(Refused::TooMuch { at_most: PANES_MAX });
            }
        }
        for (key, figures) in groups {
            lines(of, key, &figures, &mut sheet.lines)?;
        }
        // Within one day and length the groups came in the order of their texts.
        sheet.lines.sort_by_key(|line| (line.day, line.period_days));
        Ok(sheet)
    }

    /// The series that may be selected: all that are, and some more.
    fn candidates(&self, of: &Selection, chosen: &mut Chosen) -> Vec<Id<Series>> {
        let names = &self.held().names;
        let substances = (!of.substances.is_empty() || !of.families.is_empty()).then(|| {
            let ids = names.substances.iter().map(|(id, _)| id);
            ids.filter(|id| self.takes_substance(of, *id, chosen)).map(Id::index).collect::<Vec<_>>()
        });
        let routes = (!of.markets.is_empty() || !of.origins.is_empty() || !of.routes.is_empty()).then(|| {
            let ids = names.routes.iter().map(|(id, _)| id);
            ids.filter(|id| self.takes_route(of, *id, chosen)).map(Id::index).collect::<Vec<_>>()
        });
        let found = self.held().index.of(substances.as_deref(), routes.as_deref());
        found.unwrap_or_else(|| names.series.iter().map(|(id, _)| id).collect())
    }

    fn selects(&self, of: &Selection, series: &Series, chosen: &mut Chosen) -> bool {
        let sources = &self.held().names.sources;
        any(&of.evidence, &series.evidence)
            && self.takes_substance(of, series.substance, chosen)
            && chosen.sources.of(series.source.index(), || any(&of.sources, &**sources.get(series.source)))
            && self.takes_route(of, series.route, chosen)
    }

    fn takes_substance(&self, of: &Selection, id: SubstanceId, chosen: &mut Chosen) -> bool {
        chosen.substances.of(id.index(), || {
            let substance = self.held().names.substances.get(id);
            any(&of.substances, &**substance) && (of.families.is_empty() || self.is_of_family(substance, &of.families))
        })
    }

    fn takes_route(&self, of: &Selection, id: Id<Route>, chosen: &mut Chosen) -> bool {
        chosen.routes.of(id.index(), || {
            let route = self.held().names.routes.get(id);
            any(&of.markets, &route.destination())
                && any(&of.origins, &route.origin())
                && (of.routes.is_empty() || of.routes.contains(&route.to_string()))
        })
    }

    fn is_of_family(&self, substance: &str, families: &[String]) -> bool {
        let catalog = self.model.catalog();
        let Some(substance) = catalog.get(substance) else { return false };
        let own = substance.families.iter().copied().chain(substance.market_family);
        own.map(|family| &*catalog.family_at(family).id).any(|own| families.iter().any(|family| family == own))
    }

    fn key(&self, roll_up: RollUp, series: &Series) -> Key<'_> {
        let names = &self.held().names;
        let route = names.routes.get(series.route);
        let way = match roll_up {
            RollUp::Route => Way::Whole(route),
            RollUp::Ends => Way::Ends(route.origin(), route.destination()),
            RollUp::Market => Way::Market(route.destination()),
        };
        (names.substances.get(series.substance), way, names.sources.get(series.source), series.evidence.as_str())
    }
}

/// Whether a list takes something: one that is empty takes everything.
fn any<T: PartialEq<U>, U: ?Sized>(list: &[T], of: &U) -> bool {
    list.is_empty() || list.iter().any(|one| *one == *of)
}

/// The lines of one key.
fn lines(
    of: &Selection,
    key: Key<'_>,
    figures: &BTreeMap<(Day, u16), Wide>,
    lines: &mut Vec<VolumeLine>,
) -> Result<(), Refused> {
    let within = |day: Day| of.from.is_none_or(|from| day >= from) && of.to.is_none_or(|to| day <= to);
    // By the last day of the line and its length.
    let mut spans: BTreeMap<(Day, u16), Wide> = BTreeMap::new();
    for (&(day, period_days), sums) in figures {
        if !within(day) {
            continue;
        }
        let at = match of.granularity.span(day) {
            None => (day, period_days),
            Some((first, last)) => (last, u16::try_from(last - first + 1).unwrap_or(u16::MAX)),
        };
        spans.entry(at).or_default().iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
    }
    let windows = of.window_days.map(|days| windows(figures, spans.keys().map(|(day, _)| *day), days));
    let (substance, way, source, evidence) = key;
    let (route, origin, market) = match way {
        Way::Whole(route) => (Some(route.to_string()), Some(route.origin()), route.destination()),
        Way::Ends(origin, market) => (None, Some(origin), market),
        Way::Market(market) => (None, None, market),
    };
    for (at, ((day, period_days), sums)) in spans.into_iter().enumerate() {
        if sums == Wide::default() {
            continue;
        }
        let narrow = |sum: i128| i64::try_from(sum).map_err(|_| Refused::Overflow(day));
        let [mass_mg, pieces, incidents, events] = sums;
        let window = match &windows {
            None => None,
            Some(windows) => Some([narrow(windows[at][0])?, narrow(windows[at][1])?]),
        };
        lines.push(VolumeLine {
            day,
            period_days,
            substance: substance.to_owned(),
            route: route.clone(),
            origin,
            market,
            source: source.to_owned(),
            evidence: Evidence::parse(evidence).expect("it is the word of a kind"),
            sums: [narrow(mass_mg)?, narrow(pieces)?, narrow(incidents)?, narrow(events)?],
            window,
        });
    }
    Ok(())
}

/// Milligrams and incidents of the windows that end on each of these days, which ascend, over figures of all lengths.
/// Figures of one length leave a window in the order in which they entered it: one pass a length.
fn windows(
    figures: &BTreeMap<(Day, u16), Wide>,
    days: impl Iterator<Item = Day> + Clone,
    length: i32,
) -> Vec<[i128; 2]> {
    let mut by_length: BTreeMap<u16, Vec<(Day, [i128; 2])>> = BTreeMap::new();
    for (&(day, period_days), sums) in figures {
        by_length.entry(period_days).or_default().push((day, [sums[0], sums[2]]));
    }
    let mut windows = vec![[0; 2]; days.clone().count()];
    for (period_days, same) in by_length {
        let first = |day: Day| day - (i32::from(period_days) - 1);
        let (mut begin, mut end, mut sum) = (0, 0, [0; 2]);
        for (window, day) in windows.iter_mut().zip(days.clone()) {
            while end < same.len() && same[end].0 <= day {
                (0..2).for_each(|i| sum[i] += same[end].1[i]);
                end += 1;
            }
            while begin < end && !in_window(first(same[begin].0), same[begin].0, day, length) {
                (0..2).for_each(|i| sum[i] -= same[begin].1[i]);
                begin += 1;
            }
            (0..2).for_each(|i| window[i] += sum[i]);
        }
    }
    windows
}

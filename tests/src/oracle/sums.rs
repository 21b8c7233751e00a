//! The sums, by Polars: group by day first, then join each day with the days of its window.

use headwater_model::Day;
use polars::prelude::*;

use super::Item;

/// The windows, and how much longer each is for a figure of a period.
const WINDOWS: [i32; 4] = [7, 28, 91, 364];
const PERIOD_SLACK: i32 = 3;

/// What a row of the answer holds, in this order: the day asked for, the key (a split's columns empty where it was not asked for), the sums, and mass and incidents of
/// each window (empty under a split by known day).
pub const COLUMNS: &str = "as_of,day,period_days,substance,route,source,evidence,place,access,flagged,known_on,\
    mass_mg,pieces,incidents,events,mass_mg_7d,incidents_7d,mass_mg_28d,incidents_28d,mass_mg_91d,incidents_91d,\
    mass_mg_364d,incidents_364d";

/// By what else the rows are kept apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Split {
    /// By place.
    pub place: bool,
    /// By access class.
    pub access: bool,
    /// Derived amounts apart.
    pub flagged: bool,
    /// By the day of the change.
    pub known_on: bool,
}

/// Key columns that a window keeps apart: everything but day, period and known day.
const SERIES: [&str; 8] = ["as_of", "substance", "route", "source", "evidence", "place", "access", "flagged"];
const AMOUNTS: [&str; 4] = ["mass_mg", "pieces", "incidents", "events"];

fn by<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<Expr> {
    names.into_iter().map(col).collect()
}

/// An item with its sign in the answer for a day.
pub(super) struct Signed<'r> {
    pub as_of: Day,
    pub sign: i64,
    pub known_on: Day,
    pub item: &'r Item,
}

/// Signed items summed by key, as text, sorted.
pub(super) fn sum(rows: &[Signed<'_>], split: Split) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    answer(rows, split).expect("the frame has these columns")
}

fn answer(rows: &[Signed<'_>], split: Split) -> PolarsResult<Vec<String>> {
    let text = |f: &dyn Fn(&Item) -> String| rows.iter().map(|r| f(r.item)).collect::<Vec<String>>();
    let only = |wanted: bool, text: String| if wanted { text } else { String::new() };
    let whole = |f: &dyn Fn(&Item) -> i64| rows.iter().map(|r| r.sign * f(r.item)).collect::<Vec<i64>>();
    let items = df!(
        "as_of" => rows.iter().map(|r| r.as_of.0).collect::<Vec<i32>>(),
        "day" => rows.iter().map(|r| r.item.first.0 + r.item.period_days - 1).collect::<Vec<i32>>(),
        "period_days" => rows.iter().map(|r| r.item.period_days).collect::<Vec<i32>>(),
        "substance" => text(&|i| i.substance.clone()),
        "route" => text(&|i| i.route.clone()),
        "source" => text(&|i| i.source.clone()),
        "evidence" => text(&|i| i.evidence.clone()),
        "place" => text(&|i| only(split.place, i.place.clone())),
        "access" => text(&|i| only(split.access, i.access.clone())),
        "flagged" => text(&|i| only(split.flagged, i.flagged.to_string())),
        "known_on" => rows.iter().map(|r| only(split.known_on, r.known_on.to_string())).collect::<Vec<String>>(),
        "mass_mg" => whole(&|i| i.mass_mg),
        "pieces" => whole(&|i| i.pieces),
        "incidents" => whole(&|i| i.incidents),
        "events" => whole(&|_| 1),
    )?;
    let day_key: Vec<&str> = ["day", "period_days", "known_on"].into_iter().chain(SERIES).collect();
    let mut net = items
        .lazy()
        .group_by(by(day_key.iter().copied()))
        .agg(by(AMOUNTS).into_iter().map(|c| c.sum()).collect::<Vec<_>>())
        .filter(AMOUNTS.into_iter().map(|a| col(a).neq(lit(0))).reduce(Expr::or).expect("four amounts"))
        .collect()?;
    if !split.known_on {
        for window in WINDOWS {
            net = with_window(net, &day_key, window)?;
        }
    }
    lines(&net, split)
}

/// Adds mass and incidents of the window that ends on each row's day.
fn with_window(net: DataFrame, day_key: &[&str], window: i32) -> PolarsResult<DataFrame> {
    let past = net.clone().lazy().select(
        by(SERIES)
            .into_iter()
            .chain([
                col("day").alias("past_last"),
                (col("day") - col("period_days") + lit(1)).alias("past_first"),
                col("period_days").alias("past_period_days"),
                col("mass_mg").alias("past_mass_mg"),
                col("incidents").alias("past_incidents"),
            ])
            .collect::<Vec<_>>(),
    );
    let slack = when(col("past_period_days").gt(lit(1))).then(lit(PERIOD_SLACK)).otherwise(lit(0));
    let sums = net
        .clone()
        .lazy()
        .select(by(day_key.iter().copied()))
        .join(past, by(SERIES), by(SERIES), JoinArgs::new(JoinType::Inner))
        .filter(col("past_last").lt_eq(col("day")).and(col("past_first").gt(col("day") - lit(window) - slack)))
        .group_by(by(day_key.iter().copied()))
        .agg([
            col("past_mass_mg").sum().alias(format!("mass_mg_{window}d")),
            col("past_incidents").sum().alias(format!("incidents_{window}d")),
        ]);
    let key = by(day_key.iter().copied());
    // A period of more days than its window fits no window at all: nothing is joined, and the sum is 0.
    net.lazy()
        .join(sums, &key, &key, JoinArgs::new(JoinType::Left))
        .with_columns(["mass_mg", "incidents"].map(|amount| col(format!("{amount}_{window}d")).fill_null(lit(0))))
        .collect()
}

fn lines(net: &DataFrame, split: Split) -> PolarsResult<Vec<String>> {
    let mut rows = Vec::new();
    for i in 0..net.height() {
        let text =
            |name: &str| -> PolarsResult<String> { Ok(net.column(name)?.str()?.get(i).unwrap_or_default().to_owned()) };
        let whole = |name: &str| -> PolarsResult<i64> { Ok(net.column(name)?.i64()?.get(i).unwrap_or_default()) };
        let days = net.column("period_days")?.i32()?.get(i).unwrap_or_default();
        let date = |name: &str| -> PolarsResult<String> {
            Ok(Day(net.column(name)?.i32()?.get(i).unwrap_or_default()).to_string())
        };
        let mut cells = vec![date("as_of")?, date("day")?, days.to_string()];
        for name in ["substance", "route", "source", "evidence", "place", "access", "flagged", "known_on"] {
            cells.push(text(name)?);
        }
        for name in AMOUNTS {
            cells.push(whole(name)?.to_string());
        }
        for window in WINDOWS {
            for amount in ["mass_mg", "incidents"] {
                let column = format!("{amount}_{window}d");
                cells.push(if split.known_on { String::new() } else { whole(&column)?.to_string() });
            }
        }
        // A comma inside an access class would split its cell.
        rows.push(cells.iter().map(|c| c.replace(',', "+")).collect::<Vec<_>>().join(","));
    }
    rows.sort();
    Ok(rows)
}

//! `headwater drill`: an exercise alert, ordered from whichever process raises alerts over a store.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, anyhow};
use headwater_model::Marking;
use headwater_people::{Action, By, Location, Moment, People, PeopleError};
use headwater_store::{DetectLog, DrillBox, DrillOrder, Objects};

use crate::args;
use crate::audit;
use crate::budgets::{family, market};
use crate::catalog::load;
use crate::clock::{self, Stopwatch};
use crate::config;
use crate::detecting::ORDER_MS;
use crate::failure::Failure;

/// Who ordered it, in the audit log: whoever may run commands beside the store.
const WHO: &str = "command line";

/// How long the process that raises alerts may take: it looks twice a second, and longer while it reads a backlog. Less
/// than an order counts, so that none is taken that was given up.
const TAKEN_AT_MOST: Duration = Duration::from_secs(15);
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Orders an exercise alert and waits until it was told.
pub fn drill(args: &args::Drill) -> Result<(), Failure> {
    let catalog = load(&args.overlay)?;
    let family = family(&args.family, &catalog).map_err(|wrong| Failure::Usage(format!("--family: {wrong}")))?;
    let market = market(&args.market, &catalog).map_err(|wrong| Failure::Usage(format!("--market: {wrong}")))?;
    let members = catalog.family(&family).map_or(0, |family| family.members.len());
    if members < 2 {
        return Err(Failure::Usage(format!("--family: {family} has {members} member: nothing can replace it")));
    }
    let (url, _) = config::store(&args.store)?;
    // Looked at before it is opened to write, which would make one.
    let closed_to = DetectLog::new(Objects::open_to_read(&url)?).closed_to()?;
    if closed_to.is_none() {
        return Err(
            anyhow!("{url}: no day was closed yet, so that no alert can be raised; is `headwater run` on?").into()
        );
    }
    let objects = Objects::open(&url)?;
    let (log, drills) = (DetectLog::new(objects.clone()), DrillBox::new(objects));
    let mut next = log.numbers(0)?.len() as u64;
    let asked = Moment(clock::unix_ms());
    let ends = asked.after(i64::try_from(args.ends_in.as_millis()).unwrap_or(i64::MAX));
    let order =
        DrillOrder { alert_id: id()?, family, market, marking: args.marking, asked_ms: asked.0, ends_ms: ends.0 };
    write_down(&audit::location(&args.store)?.0, &order, asked)?;
    drills.put(&order)?;
    let taken = taken(&log, &mut next, &order.alert_id);
    // Taken or not, it waits no longer.
    drills.remove(&order.alert_id)?;
    // It may have been taken in between.
    if !taken? && !is_told(&log, &mut next, &order.alert_id)? {
        let seconds = TAKEN_AT_MOST.as_secs();
        return Err(anyhow!(
            "{url}: nobody told the exercise in {seconds} s: no process with the role detect runs over this store, or \
             it reads a backlog; nothing was told"
        )
        .into());
    }
    writeln!(std::io::stdout().lock(), "{}", order.alert_id)?;
    eprintln!(
        "exercise told: {} in {}, {}, until {ends}; GET /api/v1/alerts/{}",
        order.family, order.market, order.marking, order.alert_id
    );
    Ok(())
}

/// Writes down who ordered what, before it is ordered.
fn write_down(people: &Location, order: &DrillOrder, at: Moment) -> Result<(), Failure> {
    let detail = format!("{} {} {} until {}", order.family, order.market, order.marking, Moment(order.ends_ms));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let people = People::open(people).await?;
        people.record(Action::DrillOrdered, &order.alert_id, &detail, By { who: WHO, at }).await?;
        people.close().await;
        Ok::<(), PeopleError>(())
    })?;
    Ok(())
}

/// Waits until the alert stands in the log.
fn taken(log: &DetectLog, next: &mut u64, alert_id: &str) -> anyhow::Result<bool> {
    const { assert!(TAKEN_AT_MOST.as_millis() as i64 * 2 <= ORDER_MS, "an order counts for longer than it is waited for") };
    let waited = Stopwatch::start();
    while waited.elapsed() < TAKEN_AT_MOST {
        if is_told(log, next, alert_id)? {
            return Ok(true);
        }
        clock::pause(LOOK_EVERY);
    }
    Ok(false)
}

/// Whether an entry from `next` on tells the alert.
fn is_told(log: &DetectLog, next: &mut u64, alert_id: &str) -> anyhow::Result<bool> {
    while let Some(entry) = log.entry(*next)? {
        *next += 1;
        if entry.alerts.iter().any(|alert| alert.alert_id == alert_id) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An id that no other alert has, in the form of all.
fn id() -> anyhow::Result<String> {
    let mut word = [0; 16];
    getrandom::fill(&mut word).context("the system gives no random bytes")?;
    Ok(format!("{:032x}", u128::from_le_bytes(word)))
}

/// Reads `90s`, `30m`, `24h`, `7d`.
pub fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is none: a whole number and s, m, h or d, from 1s to 30d, as in 24h");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number = text.get(..text.len() - 1).and_then(|number| number.parse::<u64>().ok());
    let seconds = number.and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (1..=30 * 86_400).contains(seconds)).map(Duration::from_secs).ok_or_else(wrong)
}

/// Reads a label.
pub fn marking(text: &str) -> Result<Marking, String> {
    let words = || Marking::ALL.map(Marking::as_str).join(", ");
    Marking::parse(text).ok_or_else(|| format!("none of {}", words()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(span("30d"), Ok(Duration::from_secs(2_592_000)));
        for wrong in ["", "s", "0s", "31d", "1.5h", "24", "24H", "-1h", "99999999999999999999d", "3é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}

//! The one value behind `--role detect`: follows the archive, closes days, keeps the alert log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_detect::Config;
use headwater_log::{AlertTold, AlertsDiffer, AlertsPublished, DetectAfresh, DetectOvertaken, DrillTold};
use headwater_model::{Alert, Day, KnownDay};
use headwater_store::DetectEntry;

use crate::archive::Holdings;
use crate::detecting::log::{Log, Open, first_difference};
use crate::detecting::{Caught, Closable, Follower, Holder, Walk, exercise};
use crate::versions::versions;

/// Where alerts go to other people's systems.
pub trait AlertSink {
    /// Tells these revisions, in this order. What fails is told again, so telling one twice must do no harm.
    fn publish(&mut self, alerts: &[Alert]) -> anyhow::Result<()>;

    /// Hears what this process has added to the log, once; exercises are not among it.
    fn added(&mut self, _: &[Alert]) {}
}

/// Nobody is told.
impl AlertSink for () {
    fn publish(&mut self, _: &[Alert]) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Follows the archive and, while it is active, closes days and tells alerts; otherwise it follows the alert log of who
/// is, ready to take over.
///
/// The alert log is the truth about what was told. Whoever starts walks the closed days again from the archive, which
/// gives the same alerts; where another model or catalog gives others, the log holds. On taking over the last revision
/// of every alert of the log is published once more: whoever was active before may have ended between the two, and
/// publishing is an upsert by `alert_id`.
pub struct Detecting {
    catalog: Arc<Catalog>,
    config: Config,
    sources: BTreeSet<Arc<str>>,
    follower: Follower,
    walk: Walk,
    log: Log,
    /// Days that were walked and are not in the log.
    open: Open,
    /// Alerts of the log that still are to be published.
    unpublished: Vec<Alert>,
    active: bool,
    /// Whether it was said that the log differs.
    said_different: bool,
}

/// Where it stands after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last day in the log.
    pub closed_to: Option<Day>,
    /// Who keeps the next day from being closed.
    pub held_by: Holder,
    /// Whether it is this process that closes days.
    pub active: bool,
    /// Whether more can be done at once.
    pub busy: bool,
    /// Rows met so far whose day had been closed before they were committed.
    pub late: u64,
    /// Places that no shift is looked for in by themselves, for want of room.
    pub unwatched: u64,
    /// The lowest clock of each configured source, where all of it has one.
    pub clocks: BTreeMap<Arc<str>, Option<Day>>,
}

impl Detecting {
    /// Knows nothing yet. `sources` are those of the configuration.
    pub fn new(catalog: Arc<Catalog>, config: Config, sources: BTreeSet<Arc<str>>) -> Detecting {
        Detecting {
            follower: Follower::default(),
            walk: Walk::new(&catalog, &config),
            log: Log::default(),
            open: Open::default(),
            unpublished: Vec::new(),
            active: false,
            said_different: false,
            catalog,
            config,
            sources,
        }
    }

    /// Follows what was committed and, if `active`, closes what can be closed: one entry of the log a step. After an
    /// error the next step goes on where this one was. `stop` is asked between files and between days.
    pub fn step(
        &mut self,
        holdings: &impl Holdings,
        active: bool,
        sink: &mut impl AlertSink,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<Standing> {
        if let Caught::Overtaken(input) = self.follower.catch_up(holdings, &self.sources, stop)? {
            DetectAfresh { source: &input.source, partition: input.partition }.log();
            let sources = std::mem::take(&mut self.sources);
            *self = Detecting::new(Arc::clone(&self.catalog), self.config.clone(), sources);
            let closable = self.closable();
            return Ok(self.standing(closable, true));
        }
        let closable = self.closable();
        let followed = self.follow_log(holdings, &closable, stop)?;
        if !followed || stop() {
            return Ok(self.standing(closable, followed));
        }
        if !active {
            self.active = false;
            self.unpublished.clear();
            return Ok(self.standing(closable, false));
        }
        if !std::mem::replace(&mut self.active, true) {
            self.unpublished = self.log.told.values().cloned().collect();
        }
        let busy = self.close(holdings, &closable, sink, stop)?;
        self.publish(sink)?;
        if !busy {
            self.practise(holdings)?;
            self.publish(sink)?;
        }
        Ok(self.standing(closable, busy))
    }

    fn closable(&self) -> Closable {
        self.follower.clocks().closable(&self.sources)
    }

    fn standing(&self, closable: Closable, busy: bool) -> Standing {
        Standing {
            closed_to: self.log.closed_to,
            held_by: closable.held_by,
            active: self.active,
            busy,
            late: self.follower.late(),
            unwatched: self.walk.unwatched(),
            clocks: self.follower.clocks().by_source(&self.sources),
        }
    }

    /// Takes the entries that the log has got since. False: one speaks of epochs that are not here yet, or it was told
    /// to stop.
    fn follow_log(
        &mut self,
        holdings: &impl Holdings,
        closable: &Closable,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<bool> {
        while let Some(entry) = holdings.entry(self.log.next)? {
            if !self.follower.has_read(&entry.epochs) {
                return Ok(false);
            }
            while self.walk.last().is_none_or(|last| last.0 < entry.closed_to) {
                if stop() {
                    return Ok(false);
                }
                if !self.walk_one(holdings, entry.closed_to, closable)? {
                    anyhow::bail!("the alert log closes {} and the archive has no rows", entry.closed_to);
                }
            }
            self.take(&entry);
        }
        Ok(true)
    }

    /// Takes an entry of the log whose days were walked.
    fn take(&mut self, entry: &DetectEntry) {
        let computed = self.open.close(entry.closed_to);
        if let Some(alert) = first_difference(&entry.alerts, &computed).filter(|_| !self.said_different) {
            self.said_different = true;
            AlertsDiffer {
                alert_id: &alert.alert_id,
                revision: alert.revision,
                as_of: alert.as_of,
                model: &entry.versions.model,
                catalog: &entry.versions.catalog,
            }
            .log();
        }
        self.log.push(entry);
    }

    /// Walks the next day; false where there is none, for no row was ever counted.
    fn walk_one(&mut self, holdings: &impl Holdings, up_to: Day, closable: &Closable) -> anyhow::Result<bool> {
        let next = match self.walk.last() {
            Some(last) => KnownDay(last.0 + 1),
            None => match self.follower.first_day() {
                Some(first) if first.0 <= up_to => first,
                _ => return Ok(false),
            },
        };
        if !self.walk.holds(next) {
            // All that is complete at once: panes are sorted once, not day by day.
            let up_to = KnownDay(closable.up_to.map_or(up_to, |day| day.max(up_to)));
            let panes = self.follower.take(up_to)?;
            self.walk.hand_in(panes, up_to);
        }
        if let Some(walked) = self.walk.next(holdings, next, &mut self.follower.names)? {
            self.open.push(walked);
        }
        Ok(true)
    }

    /// Walks what can be closed, as much as one entry takes, and appends the entry. Whether there is more.
    fn close(
        &mut self,
        holdings: &impl Holdings,
        closable: &Closable,
        sink: &mut impl AlertSink,
        stop: &dyn Fn() -> bool,
    ) -> anyhow::Result<bool> {
        let Some(up_to) = closable.up_to else { return Ok(false) };
        while !self.open.is_full() && self.walk.last().is_none_or(|last| last.0 < up_to) && !stop() {
            if !self.walk_one(holdings, up_to, closable)? {
                break;
            }
        }
        let Some((closed_to, alerts)) = self.open.entry() else { return Ok(false) };
        let entry = DetectEntry {
            number: self.log.next,
            closed_to,
            epochs: self.follower.epochs(),
            alerts,
            versions: versions(&self.catalog),
            cells: Some(self.walk.cells()),
        };
        if !holdings.append(&entry)? {
            DetectOvertaken { number: entry.number }.log();
            return Ok(true);
        }
        self.take(&entry);
        entry.alerts.iter().for_each(told);
        sink.added(&entry.alerts);
        self.unpublished.extend(entry.alerts);
        Ok(closed_to < up_to)
    }

    /// Tells the drills that were ordered, and ends those whose time is over: in an entry that closes no further day, so
    /// that they take the way of every alert, and none of a day that is still open.
    fn practise(&mut self, holdings: &impl Holdings) -> anyhow::Result<()> {
        let (Some(day), now_ms) = (self.log.closed_to, crate::clock::unix_ms()) else { return Ok(()) };
        let orders = holdings.drills()?;
        let (mut alerts, told) = (Vec::new(), &self.log.told);
        for order in orders.iter().filter(|order| !told.contains_key(&order.alert_id)) {
            if order.asked_ms.saturating_add(exercise::ORDER_MS) > now_ms {
                alerts.extend(exercise::raised(order, day, &self.catalog));
            }
        }
        alerts.extend(told.values().filter_map(|alert| exercise::ended(alert, day, now_ms)));
        if !alerts.is_empty() {
            let number = self.log.next;
            let (closed_to, epochs, versions) = (day, self.follower.epochs(), versions(&self.catalog));
            let cells = Some(self.walk.cells());
            let entry = DetectEntry { number, closed_to, epochs, alerts, versions, cells };
            if !holdings.append(&entry)? {
                // Its order stays: whoever was first tells it, or the next step does.
                DetectOvertaken { number }.log();
                return Ok(());
            }
            self.take(&entry);
            entry.alerts.iter().for_each(practised);
            self.unpublished.extend(entry.alerts);
        }
        // Behind the log: a stop between the two tells none twice, for the log has it then.
        orders.iter().try_for_each(|order| holdings.drill_taken(&order.alert_id))
    }

    fn publish(&mut self, sink: &mut impl AlertSink) -> anyhow::Result<()> {
        if !self.unpublished.is_empty() {
            sink.publish(&self.unpublished)?;
            AlertsPublished { alerts: self.unpublished.len() as u64 }.log();
            self.unpublished.clear();
        }
        Ok(())
    }

    /// The last day in the log.
    #[cfg(test)]
    pub fn closed_to(&self) -> Option<Day> {
        self.log.closed_to
    }

    /// Whether the alerts computed here differ from those that the log tells.
    #[cfg(test)]
    pub fn differs(&self) -> bool {
        self.said_different
    }

    /// Walks what can be closed without a look at the log.
    #[cfg(test)]
    pub(super) fn walk_ahead(&mut self, holdings: &impl Holdings) -> anyhow::Result<()> {
        self.follower.catch_up(holdings, &self.sources, &|| false)?;
        let closable = self.closable();
        while let Some(up_to) = closable.up_to.filter(|up_to| self.walk.last().is_none_or(|last| last.0 < *up_to)) {
            if !self.walk_one(holdings, up_to, &closable)? {
                break;
            }
        }
        Ok(())
    }
}

/// An alert is in the log: what an operator may know of it. Its words are for those whom its marking admits.
fn told(alert: &Alert) {
    AlertTold {
        alert_id: &alert.alert_id,
        revision: alert.revision,
        kind: alert.kind.as_str(),
        market: &alert.market,
        status: alert.status.as_str(),
        priority: alert.priority.band.as_str(),
        as_of: alert.as_of,
    }
    .log();
}

/// An exercise is in the log.
fn practised(alert: &Alert) {
    let Alert { alert_id, revision, market, status, .. } = alert;
    DrillTold { alert_id, revision: *revision, market, status: status.as_str() }.log();
}

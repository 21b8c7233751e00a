//! A decoded record against the contract: every value, in the contract's order.

use headwater_catalog::Catalog;
use headwater_model::{
    Access, Country, EventDay, Evidence, INCIDENTS_MAX, KnownDay, Marking, Mode, Place, Rank, Reason, Status,
};

use crate::content::Content;
use crate::event::Event;
use crate::fault::{Fault, Judged, Path, shown};
use crate::faults::{Part, TypeFaults};
use crate::key::Key;
use crate::limits::{
    AHEAD_DAYS_MAX, EVENT_ID_CHARS_MAX, FUTURE_SECONDS_MAX, NOTICE_AHEAD_DAYS_MAX, PERIOD_DAYS_MAX, SOURCE_CHARS_MAX,
    TEXT_CHARS_MAX,
};
use crate::place::{Stops, country};
use crate::settings::Settings;
use crate::texts::{Texts, limit};
use crate::time::{Instant, event_day, instant};

/// What every record has, a withdrawal too.
pub(crate) struct Core<'a> {
    pub event_id: &'a str,
    pub source: &'a str,
    pub rank: Rank,
    pub reported: Instant,
}

/// Judges what every record has. `faults` are those of types, found while it was decoded.
pub(crate) fn core<'a>(
    texts: Texts<'a>,
    event: &Event,
    faults: &mut TypeFaults,
    settings: &Settings,
    content: &mut Content,
) -> Judged<Core<'a>> {
    faults.first(&[Part::Core])?;
    let path = Path::of(Key::EventId);
    let event_id = texts.required(event.event_id, path)?;
    limit(event_id, path, EVENT_ID_CHARS_MAX)?;
    let revision = texts.whole(event.revision, Path::of(Key::Revision), 0, u32::MAX.into())?;
    let status =
        texts.word(event.status, Path::of(Key::Status), Reason::BadKind, "reported withdrawn", |s| match s {
            "reported" => Some(Status::Reported),
            "withdrawn" => Some(Status::Withdrawn),
            _ => None,
        })?;
    let status = status.unwrap_or(Status::Reported);
    if status == Status::Withdrawn && revision.is_none() {
        let path = Path::of(Key::Revision);
        let message = "revision is missing: a withdrawal names the revision that it takes back".to_owned();
        return Err(Fault::new(Reason::MissingField, path, message));
    }
    let path = Path::of(Key::ReportedAt);
    let text = texts.required(event.reported_at, path)?;
    let reported = instant(text).ok_or_else(|| {
        let message = format!("{path} {} is no RFC 3339 time with an offset", shown(text));
        Fault::new(Reason::BadDate, path, message)
    })?;
    if let Some(arrival) = settings.arrival
        && reported.seconds > arrival.0.saturating_add(FUTURE_SECONDS_MAX)
    {
        let message = format!("{path} {text} is more than a day after its arrival");
        return Err(Fault::new(Reason::Future, path, message));
    }
    let path = Path::of(Key::Source);
    let source = texts.required(event.source, path)?;
    limit(source, path, SOURCE_CHARS_MAX)?;

    let rank = Rank { revision: revision.unwrap_or(0) as u32, status };
    content.text(Some(source));
    content.text(Some(event_id));
    content.number(u64::from(rank.revision) << 1 | u64::from(status == Status::Withdrawn));
    content.instant(reported);
    Ok(Core { event_id, source, rank, reported })
}

/// When, and for how long.
pub(crate) struct When {
    pub evidence: Evidence,
    pub event_day: EventDay,
    pub period_days: u16,
}

/// Judges `kind`, then the types of all fields that count for it, then the days.
pub(crate) fn when(
    texts: Texts<'_>,
    event: &Event,
    faults: &mut TypeFaults,
    settings: &Settings,
    known: KnownDay,
    content: &mut Content,
) -> Judged<When> {
    let path = Path::of(Key::Kind);
    let evidence = texts.word(event.kind, path, Reason::BadKind, KINDS, Evidence::parse);
    let part = match evidence {
        Ok(Some(kind)) if !kind.is_trade() => Part::Seizure,
        _ => Part::Trade,
    };
    faults.first(&[Part::Common, part])?;
    let evidence = evidence?.ok_or_else(|| Fault::missing(path))?;

    let path = Path::of(Key::OccurredOn);
    let text = texts.required(event.occurred_on, path)?;
    let event_day = event_day(text).ok_or_else(|| {
        let message = format!("{path} {} is neither a date (2024-02-29) nor an RFC 3339 time", shown(text));
        Fault::new(Reason::BadDate, path, message)
    })?;
    let period = texts.whole(event.period_days, Path::of(Key::PeriodDays), 1, PERIOD_DAYS_MAX.into())?;
    let period_days = period.unwrap_or(1) as u16;

    let ahead = event_day.0 - known.0;
    let ahead_max = if evidence == Evidence::PreExportNotice { NOTICE_AHEAD_DAYS_MAX } else { AHEAD_DAYS_MAX };
    if ahead > ahead_max {
        let message =
            format!("{path} {text} lies {ahead} days after the report of {}, {ahead_max} are allowed", known.0);
        return Err(Fault::new(Reason::OutOfRange, path, message));
    }
    if -ahead > settings.too_late_days {
        let days = settings.too_late_days;
        let message = format!("{path} {text} lies {} days before the report, {days} are allowed", -ahead);
        return Err(Fault::new(Reason::TooLate, path, message));
    }
    content.number(evidence as u64);
    content.number(event_day.0.0 as u64);
    content.number(period_days.into());
    Ok(When { evidence, event_day, period_days })
}

const KINDS: &str = "import export transit pre_export_notice suspicious_order, nor of seizure stopped_shipment theft \
                     laboratory identification";

/// The way of a trade event, or of a seizure whose place is given: all stops but the last, and the last.
pub(crate) fn route(
    texts: Texts<'_>,
    event: &Event,
    place: Option<Country>,
    catalog: &Catalog,
    content: &mut Content,
) -> Judged<(Stops, Country)> {
    let mut end = |span, key| {
        let path = Path::of(key);
        match span {
            None if place.is_none() => Err(Fault::missing(path)),
            None => {
                content.text(None);
                Ok(Country::UNKNOWN)
            }
            Some(span) => {
                let text = texts.get(span);
                content.text(Some(text));
                country(catalog, text, path)
            }
        }
    };
    let origin = end(event.origin, Key::Origin)?;
    let mut destination = end(event.destination, Key::Destination)?;
    if let (Country::UNKNOWN, Some(place)) = (destination, place) {
        destination = place;
    }
    let mut stops = Stops::new(origin);
    content.number(event.via.len() as u64);
    for (i, &span) in event.via.iter().enumerate() {
        let text = texts.get(span);
        content.text(Some(text));
        stops.via(country(catalog, text, Path::of(Key::Via).at(i))?);
    }
    Ok((stops, destination))
}

/// The place of a seizure.
pub(crate) fn place(texts: Texts<'_>, event: &Event, catalog: &Catalog, content: &mut Content) -> Judged<Place> {
    let path = Path::of(Key::Place);
    let place = event.place.ok_or_else(|| Fault::missing(path))?;
    let country_path = if place.in_parts { path.then(Key::Country) } else { path };
    let code = texts.required(place.country, country_path)?;
    let country = country(catalog, code, country_path)?;
    let subdivision = texts.limited(place.subdivision, path.then(Key::Subdivision), TEXT_CHARS_MAX)?;
    let office = texts.limited(place.office, path.then(Key::Office), TEXT_CHARS_MAX)?;
    content.text(Some(code));
    content.text(subdivision);
    content.text(office);
    Ok(Place { country, subdivision: subdivision.map(Box::from), office: office.map(Box::from) })
}

/// Operations behind the figure.
pub(crate) fn incidents(texts: Texts<'_>, event: &Event, content: &mut Content) -> Judged<i64> {
    let incidents = texts.whole(event.incidents, Path::of(Key::Incidents), 0, INCIDENTS_MAX as u64)?.unwrap_or(1);
    content.number(incidents);
    Ok(incidents as i64)
}

/// What is kept and not reckoned with: mode, parties, permit, references, value.
pub(crate) fn particulars(texts: Texts<'_>, event: &Event, content: &mut Content) -> Judged<()> {
    let mode =
        texts.word(event.mode, Path::of(Key::Mode), Reason::BadKind, "sea air road rail post unknown", Mode::parse)?;
    content.number(mode.map_or(0, |m| 1 + m as u64));
    for (span, key) in
        [(event.consignor, Key::Consignor), (event.consignee, Key::Consignee), (event.permit, Key::Permit)]
    {
        content.text(texts.limited(span, Path::of(key), TEXT_CHARS_MAX)?);
    }
    content.number(event.refers_to.len() as u64);
    for (i, reference) in event.refers_to.iter().enumerate() {
        let path = Path::of(Key::RefersTo).at(i);
        for (span, key, max) in
            [(reference.source, Key::Source, SOURCE_CHARS_MAX), (reference.event_id, Key::EventId, EVENT_ID_CHARS_MAX)]
        {
            let text = texts.required(span, path.then(key))?;
            limit(text, path.then(key), max)?;
            content.text(Some(text));
        }
    }
    let Some(value) = event.value else {
        content.decimal(None);
        return Ok(());
    };
    let path = Path::of(Key::Value);
    let amount_path = path.then(Key::Amount);
    let amount = value.amount.ok_or_else(|| Fault::missing(amount_path))?;
    content.decimal(Some(texts.decimal(amount, amount_path)?));
    let currency_path = path.then(Key::Currency);
    let currency = texts.required(value.currency, currency_path)?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        let message = format!("{currency_path} {} is no ISO 4217 code of three capital letters", shown(currency));
        return Err(Fault::new(Reason::OutOfRange, currency_path, message));
    }
    content.text(Some(currency));
    Ok(())
}

/// The access class.
pub(crate) fn access(texts: Texts<'_>, event: &Event, content: &mut Content) -> Judged<Access> {
    let list = "TLP:RED TLP:AMBER+STRICT TLP:AMBER TLP:GREEN TLP:CLEAR";
    let marking = texts.word(event.marking, Path::of(Key::Marking), Reason::BadMarking, list, Marking::parse)?;
    let mut access = Access::open(marking.unwrap_or(Marking::Amber));
    content.number(access.marking as u64);
    if event.releasable_to.is_empty() {
        return Ok(access);
    }
    let mut organisations: Vec<Box<str>> = Vec::with_capacity(event.releasable_to.len());
    for (i, &span) in event.releasable_to.iter().enumerate() {
        let path = Path::of(Key::ReleasableTo).at(i);
        let text = texts.get(span);
        limit(text, path, TEXT_CHARS_MAX)?;
        // A class is written `TLP:AMBER A,B`: a comma inside a name would make two classes look like one.
        if text.trim().is_empty() || text.contains(',') {
            let message = format!("{path} {} names no organisation, or holds a comma", shown(text));
            return Err(Fault::new(Reason::BadMarking, path, message));
        }
        organisations.push(text.into());
    }
    organisations.sort_unstable();
    organisations.dedup();
    for organisation in &organisations {
        content.text(Some(organisation));
    }
    access.releasable_to = organisations.into();
    Ok(access)
}

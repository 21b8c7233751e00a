//! Control facts beside an alert: dated, never named as a cause.

use std::collections::BTreeSet;

use headwater_catalog::Catalog;
use headwater_model::{ControlContext, Country, Day, Onset};

/// Days around the onset's interval in which a control date may have changed what is reported.
const NEAR_DAYS: i32 = 60;

/// The facts of the substances in force, or to come, in the countries given and at the United Nations; sorted by
/// substance, jurisdiction and date.
pub(crate) fn context(
    substances: &[&str],
    countries: &BTreeSet<Country>,
    as_of: Day,
    catalog: &Catalog,
) -> Vec<ControlContext> {
    let mut context = Vec::new();
    for id in substances {
        for fact in catalog.get(id).into_iter().flat_map(|s| &s.controls) {
            if countries.iter().any(|c| fact.jurisdiction.holds_in(*c)) {
                context.push(ControlContext {
                    substance: (*id).to_owned(),
                    jurisdiction: fact.jurisdiction.to_string(),
                    status: fact.status.to_string(),
                    date: fact.date,
                    day_confirmed: fact.day_confirmed,
                    upcoming: fact.date.is_some_and(|d| d > as_of),
                });
            }
        }
    }
    context.sort_by(|x, y| {
        (&x.substance, &x.jurisdiction, x.date, &x.status).cmp(&(&y.substance, &y.jurisdiction, y.date, &y.status))
    });
    context
}

/// The facts dated near the onset.
pub(crate) fn near<'a>(context: &'a [ControlContext], onset: &Onset) -> Vec<&'a ControlContext> {
    let near = |d: Day| d >= onset.earliest - NEAR_DAYS && d <= onset.latest + NEAR_DAYS;
    context.iter().filter(|c| c.date.is_some_and(near)).collect()
}

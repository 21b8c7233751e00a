//! One item of an event: which substance, how much.

use headwater_catalog::{Measure, Ratio, Unit};
use headwater_model::{Basis, Flags, MASS_MG_MAX, PIECES_MAX, Reason};

use crate::content::Content;
use crate::event::{Item, Quantity};
use crate::fault::{Fault, Judged, Path};
use crate::key::Key;
use crate::limits::{DESCRIPTION_CHARS_MAX, TEXT_CHARS_MAX};
use crate::resolve::{RawItem, Resolver};
use crate::texts::Texts;

/// An item that was judged.
pub(crate) struct Judgement {
    /// Position of its substance in the resolver.
    pub resolved: usize,
    pub mass_mg: Option<i64>,
    pub pieces: Option<i64>,
    pub flags: Flags,
}

/// Judges an item at `path` and its quantity at `quantity_path`; what it says is added to `content`.
pub(crate) fn judge(
    texts: Texts<'_>,
    (item, path): (&Item, Path),
    (quantity, quantity_path): (Option<&Quantity>, Path),
    resolver: &mut Resolver,
    content: &mut Content,
) -> Judged<Judgement> {
    let raw = RawItem {
        name: item.name.map(|s| texts.get(s)),
        cas: item.cas.map(|s| texts.get(s)),
        hs: item.hs.map(|s| texts.get(s)),
    };
    let resolved = resolver.resolve(raw, path)?;
    content.number(resolver.get(resolved).content);
    content.text(texts.limited(item.description, path.then(Key::Description), DESCRIPTION_CHARS_MAX)?);
    content.text(texts.limited(item.form, path.then(Key::Form), TEXT_CHARS_MAX)?);
    let purity_path = path.then(Key::PurityPercent);
    let purity = item.purity_percent.map(|p| texts.decimal(p, purity_path)).transpose()?;
    if purity.is_some_and(|p| p.exceeds(100)) {
        let message = format!("{purity_path} is over 100");
        return Err(Fault::new(Reason::OutOfRange, purity_path, message));
    }
    content.decimal(purity);
    let mut judgement = Judgement { resolved, mass_mg: None, pieces: None, flags: resolver.get(resolved).flags };
    match quantity {
        Some(quantity) => amount(texts, quantity, quantity_path, resolver, content, &mut judgement)?,
        None => content.text(None),
    }
    Ok(judgement)
}

fn amount(
    texts: Texts<'_>,
    quantity: &Quantity,
    path: Path,
    resolver: &mut Resolver,
    content: &mut Content,
    judgement: &mut Judgement,
) -> Judged<()> {
    let value_path = path.then(Key::Value);
    let value_span = quantity.value.ok_or_else(|| Fault::missing(value_path))?;
    let value = texts.decimal(value_span, value_path)?;
    let unit_path = path.then(Key::Unit);
    let unit = texts.word(quantity.unit, unit_path, Reason::BadUnit, UNITS, Unit::parse)?;
    let unit = unit.ok_or_else(|| Fault::missing(unit_path))?;
    let basis = texts.word(quantity.basis, path.then(Key::Basis), Reason::BadKind, BASES, Basis::parse)?;
    let qualifier = texts.limited(quantity.qualifier, path.then(Key::Qualifier), TEXT_CHARS_MAX)?;

    let over = |what: &str| {
        let message = format!("{value_path} {:.60} {unit} is more than {what}", texts.get(value_span));
        Fault::new(Reason::OutOfRange, value_path, message)
    };
    match resolver.get(judgement.resolved).measure(unit) {
        Measure::Mass { mg_per_unit, derived } => {
            let mass = value.times(mg_per_unit).filter(|mg| *mg <= MASS_MG_MAX);
            judgement.mass_mg = Some(mass.ok_or_else(|| over("100,000 t, the most that one record may hold"))?);
            if derived {
                let counted = matches!(unit, Unit::Tablet | Unit::Dose);
                judgement.flags = judgement.flags.with(if counted { Flags::FROM_COUNT } else { Flags::FROM_VOLUME });
            }
            if basis == Some(Basis::Gross) {
                judgement.flags = judgement.flags.with(Flags::GROSS);
            }
        }
        Measure::Pieces => {
            let pieces = value.times(Ratio { num: 1, den: 1 }).filter(|n| *n <= PIECES_MAX);
            judgement.pieces = Some(pieces.ok_or_else(|| over("10^12, the most that one record may count"))?);
        }
    }
    content.decimal(Some(value));
    content.number(unit as u64);
    content.number(basis.map_or(0, |b| 1 + b as u64));
    content.text(qualifier);
    Ok(())
}

const UNITS: &str = "kg g mg t lb oz L mL gal piece tablet dose package";
const BASES: &str = "substance gross mixture unknown";

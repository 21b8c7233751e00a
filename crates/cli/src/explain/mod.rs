//! `headwater detect explain`: why an alert was raised, or why a cell raises none.

mod cell_name;
mod picture;
mod text;

use std::fs;
use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use headwater_detect::{CellKey, Explanation};
use headwater_model::{Alert, AlertStatus, KnownDay, Marking, Pane};
use headwater_normalize::Settings;
use headwater_store::OutputFolder;

use crate::args;
use crate::budgets;
use crate::catalog::load;
use crate::config;
use crate::core::Core;
use crate::failure::Failure;
use crate::replay::{in_order, read_files};
use crate::results::walk;

/// What is asked about.
struct Question {
    key: CellKey,
    alert: Option<Alert>,
    day: KnownDay,
    up_to: Marking,
}

/// `headwater detect explain`.
pub fn explain(args: &args::Explain) -> Result<(), Failure> {
    let catalog = load(&args.overlay)?;
    let config = budgets::detector(&config::load(args.config.as_deref())?.detect, &catalog)?;
    let files = in_order(&args.events)?;
    // Rejects are written down as in every replay; here nobody asks for them.
    let aside = tempfile::tempdir().context("cannot make a folder for what is rejected")?;
    let folder = OutputFolder::create(aside.path())?;
    let mut core = Core::new(Arc::clone(&catalog), Settings::default(), &folder)?;
    read_files(&mut core, &files)?;
    let window = &core.window;
    let index = window.panes.sorted(&window.names);
    let Some(last) = index.days().map(|(day, _)| day).last() else {
        return Err(Failure::Usage("--events: there is no record that counts".into()));
    };
    let question = if cell_name::is_alert_id(&args.what) {
        let alert = told(walk(window, &index, &catalog, &config, |_, _| Ok(()))?, &args.what)?;
        let key = CellKey::of(&alert)
            .ok_or_else(|| Failure::Usage(format!("{}: an alert of its kind has no statistic of a mix", args.what)))?;
        let day = args.day.map_or(KnownDay(alert.as_of), KnownDay);
        Question { key, day, up_to: alert.computed_up_to, alert: Some(alert) }
    } else {
        let key = cell_name::parse(&args.what, &catalog).map_err(Failure::Usage)?;
        Question { key, day: args.day.map_or(last, KnownDay), up_to: Marking::Red, alert: None }
    };
    let panes: Vec<Pane> = index.up_to(None).to_vec();
    let Question { key, alert, day, up_to } = &question;
    let found = headwater_detect::explain(key, alert.as_ref(), *day, *up_to, &panes, &window.names, &catalog, &config);
    let Some(found) = found else {
        let what = &args.what;
        return Err(Failure::Usage(format!(
            "{what}: nothing can be tested there on {}: no history, or one label",
            day.0
        )));
    };
    let name = cell_name::of(key);
    let text = text::Text {
        name: &name,
        explanation: &found,
        bar: config.bar,
        alert: alert.as_ref(),
        budgets: &config.budgets,
    };
    write!(std::io::stdout().lock(), "{}", text)?;
    if let Some(path) = &args.svg {
        let picture = picture::of(&name, &found, config.bar);
        fs::write(path, picture).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The last revision of an alert that has figures of its own.
fn told(alerts: Vec<Alert>, id: &str) -> Result<Alert, Failure> {
    let raised = alerts.iter().filter(|a| a.revision == 1).count();
    let own = |a: &Alert| a.alert_id == id && matches!(a.status, AlertStatus::Raised | AlertStatus::Updated);
    let found = alerts.into_iter().rfind(own);
    found.ok_or_else(|| Failure::Usage(format!("no alert {id} comes of these files: they raise {raised}")))
}

/// Nats, as they are read.
fn nats(value: f64) -> String {
    format!("{value:.2}")
}

/// What falls and what rises.
fn pair(explanation: &Explanation, at: usize) -> String {
    let pair = &explanation.pairs[at];
    format!("{} to {}", pair.falling, pair.rising)
}

//! The alerts that the product raises in a cell at its own bars.

use headwater_detect::{Config, Mix, MixValue};
use headwater_model::Day;

use crate::judge::REFRACTORY_DAYS;
use crate::view::{DAY_0, View};

/// What is raised in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raised {
    /// Days since the end of the history.
    pub day: i32,
    /// Natural logarithm of the cell's sum on that day.
    pub log: f64,
    /// Reporters that carry a share of the pair's incidents that counts.
    pub reporters: usize,
    /// The labels of the pair: what falls, what rises.
    pub pair: [usize; 2],
}

/// The alerts of a cell by the product's own rule, in order, until the one that `is_last` says is the last.
///
/// The rule is the detector's: a changed cell above its bar is looked at, and again after
/// [`Config::look_days`] where it did not pass; of one reporter alone nothing can be left out but the strongest block.
pub fn raised(view: &View, config: &Config, is_last: impl Fn(&Raised) -> bool) -> Vec<Raised> {
    let (mut mix, mut all) = (view.mix(config.statistic.clone()), Vec::new());
    let mut events = view.events.iter().peekable();
    let mut next_look = view.history_days;
    for day in 0..view.days {
        // A week that begins moves the baseline, whatever is counted.
        let mut changed = day % 7 == 0;
        while let Some(event) = events.next_if(|event| event.counted == day) {
            mix.count(Day(DAY_0 + event.day), event.stratum, event.label, i64::from(event.delta));
            changed = true;
        }
        if !changed || day < next_look {
            continue;
        }
        let Some(value) = mix.close(Day(DAY_0 + day)).filter(|value| leads(value, config)) else { continue };
        match passes(&mix, Day(DAY_0 + day), &value, config) {
            None => next_look = day + config.look_days,
            Some(reporters) => {
                let pair = [value.falling, value.rising];
                let one = Raised { day: day - view.history_days, log: value.log, reporters, pair };
                all.push(one);
                if is_last(&one) {
                    break;
                }
                next_look = day + REFRACTORY_DAYS as i32;
            }
        }
    }
    all
}

fn leads(value: &MixValue, config: &Config) -> bool {
    value.log > config.bar && value.lead >= config.lead_share_min.ln()
}

/// The reporters that carry the pair, where it stands without its strongest block and without any one of them.
fn passes(mix: &Mix, day: Day, value: &MixValue, config: &Config) -> Option<usize> {
    let rest = mix.corroboration(day, value, config.reporter_share_min);
    let corroborated = rest.reporters < 2 || rest.added > config.added_bar;
    (rest.beyond_one_block >= config.one_block_margin && corroborated).then_some(rest.reporters)
}

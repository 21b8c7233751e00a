//! The scoreboard as a page: what was done, the tables, and the pictures.

use headwater_model::LikelihoodWords;
use headwater_svg::{Axis, Chart, Line};

use crate::report::Report;
use crate::score::{Score, WITHIN_DAYS};
use crate::view::Labels;
use crate::words::{Calibration, Word};

/// Folder of the pictures, beside the page.
pub const PICTURES: &str = "scoreboard";
/// Steps of a line of delays, in days, and how many of them lie between two marks.
const STEP_DAYS: usize = 5;
const STEPS_MARKED: usize = 12;

/// A file of the page: its name, and what it holds.
pub type File = (String, String);

/// The page and its pictures. `command` is what made them.
pub fn page(report: &Report, command: &str) -> Vec<File> {
    let mut files = Vec::new();
    let mut pictures = String::new();
    for labels in Labels::ALL {
        for (name, chart) in [("recall", recall(report, labels)), ("delay", delay(report, labels))] {
            let file = format!("{PICTURES}/{name}-{}.svg", labels.shift());
            pictures += &format!("![{}]({file})\n\n", chart.title);
            files.push((file, chart.to_string()));
        }
    }
    if let Some(calibration) = &report.calibration {
        let (file, chart) = (format!("{PICTURES}/words.svg"), reliability(calibration));
        pictures += &format!("![{}]({file})\n\n", chart.title);
        files.push((file, chart.to_string()));
    }
    let mut rows = String::new();
    for score in &report.scores {
        rows += &format!("* `{}`: {}\n", score.method, score.about);
    }
    let text = format!("{HEAD}\n```sh\n{command}\n```\n\n{report}\n{pictures}## The rows\n\n{rows}\n{NOTES}");
    files.insert(0, (format!("{PICTURES}.md"), text));
    files
}

const HEAD: &str = "# The scoreboard

Methods of finding shifts, side by side on simulated cells. Each gets the same events in the same order of counting, late,
corrected and withdrawn ones included; each chooses its constants from a small grid, and its threshold, on cells of
calibration; all are judged on other cells. Everything below is simulated, and comes from
";

const NOTES: &str = "## How to read it

* A *cell* is a family of substances in a market: three to seven substances, two to six routes, 1 to 30 events a week, three
  reporters, six years of which three are history. A *market-year* is a year of 364 days of one cell after its history.
* An *alarm* is the first day on which the statistic lies above the threshold; for 182 days after it there is none. The
  threshold is the lowest with no more alarms on the quiet cells of calibration than the budget allows.
* *False alarms* are those on quiet cells that did not calibrate, with the exact 95 % interval of a Poisson count.
* *Recall* is the share of planted shifts with an alarm within so many days of the onset. An alarm before it is false and finds
  nothing. *Median delay*: of those found within 365 days. Some onsets lie less than 365 days before the end.
* *At equal false alarms*: with the threshold that has as many false alarms on the quiet cells that judge as the budget
  allows, so that no method is helped or hurt by what its calibration let through. *Half found*: days within which half of
  all shifts are found; unlike the median delay it is not shorter where slow ones are not found at all.
* *Of the limit's*: recall within 365 days as a fraction of that of `limit`, the clairvoyant.
* *Right pair*: of those found, the share in which every label that was named is right; `riser` where a method names only what
  rises.
* *Rising alone*, *falling alone*: share of cells with an alarm in which one substance changed with every reporter and none
  took its place. *Noise*, *campaign*, *laboratory*, *delay*, *operation*: alarms per 1,000 market-years where shares wander
  strongly, one reporter looks for one substance, one begins to call one substance another, reports come four times as late,
  one reporter's operation makes 20 to 60 seizures of one substance within two weeks once a year.
* ` - corroborated`: a second statistic must lie above a bar of its own too: of the product, what the other reporters add to
  what any one of them says, with a bar that goes with the threshold from the two that it comes with; of `reference`, the
  least that is left without any one of them.
* *Worth of a part*: the product without it against the product, both corroborated, on the same cells and each at its own
  calibrated threshold. Standard errors: of a difference of recalls that of paired cells (McNemar), of a difference of
  alarms that of two Poisson counts. A part *is worth it* where the product finds more or is less often misled by more than
  one of them.
* *The likelihood says*: alerts that the product raises by its own rule and bars, by the words of their likelihood (ICD 203),
  and the share of them that was true. True is the first alert of a planted shift once it has begun; all in cells without
  one, and those before an onset, are false. Shifts between substances and between routes count together, each weighed so
  that as many come on a market-year as the likelihood expects; one market-year without a shift in five is of stress, as it
  expects too. In brackets the exact 95 % interval of the ratio of two Poisson counts. *Among stress*: the same shifts, in a world whose every other market-year is one of noise, campaign, laboratory,
  delay or operation. The strongest words are never said of more than 0.99: being true more often is no fault.
* *us per event*: of one core's time, on the machine that made this page. *Bytes per cell*: what the product's statistic holds of a
  cell of seven substances, three strata and six years.
";

/// Rows of a method with a part switched off stand in the tables alone: their names say so.
fn drawn(report: &Report) -> impl Iterator<Item = &Score> {
    report.scores.iter().filter(|score| !score.method.contains("-without-"))
}

fn recall(report: &Report, labels: Labels) -> Chart {
    let line = |score: &Score| Line {
        name: score.method.clone(),
        points: score.side(labels).curve.iter().map(|point| (point.false_alarms, point.recall)).collect(),
        marked_every: 1,
    };
    Chart {
        title: format!("Recall of a {} within {} days against false alarms", labels.shift(), WITHIN_DAYS[2]),
        x: Axis {
            title: "false alarms per 1,000 market-years (logarithmic; fewer than 0.5 at the edge)",
            from: 0.5,
            to: 200.0,
            logarithmic: true,
            ticks: vec![0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0],
        },
        y: share("recall"),
        lines: drawn(report).map(line).collect(),
    }
}

fn delay(report: &Report, labels: Labels) -> Chart {
    let line = |score: &Score| {
        let side = score.side(labels);
        let found = |days: usize| side.delays.iter().take_while(|delay| **delay <= days).count() as f64;
        let cells = side.recall[2].cells.max(1) as f64;
        Line {
            name: score.method.clone(),
            points: (0..=WITHIN_DAYS[2]).step_by(STEP_DAYS).map(|days| (days as f64, found(days) / cells)).collect(),
            marked_every: STEPS_MARKED,
        }
    };
    Chart {
        title: format!(
            "How soon a {} is found, at {} false alarms per 1,000 market-years",
            labels.shift(),
            report.plan.budget
        ),
        x: Axis {
            title: "days since the onset",
            from: 0.0,
            to: 365.0,
            logarithmic: false,
            ticks: [0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0].to_vec(),
        },
        y: share("share of shifts found"),
        lines: drawn(report).map(line).collect(),
    }
}

/// What was said against what was true, word by word; the ticks are where words begin and end.
fn reliability(calibration: &Calibration) -> Chart {
    let line = |name: &str, words: &[Word], share: fn(&Word) -> f64| Line {
        name: name.to_owned(),
        points: words.iter().map(|word| (word.said, share(word))).collect(),
        marked_every: 1,
    };
    let quiet = &calibration.words;
    let ends = || LikelihoodWords::ALL.iter().map(|words| words.band().0).chain([1.0]).skip(1).collect();
    let axis = |title| Axis { title, from: 0.0, to: 1.0, logarithmic: false, ticks: ends() };
    Chart {
        title: "Calibration of the words: what was said, and what was true".to_owned(),
        x: axis("mean probability said of the alerts of a word (ticks: where words begin)"),
        y: axis("share of them that was true"),
        lines: vec![
            Line { name: "as said".to_owned(), points: vec![(0.0, 0.0), (1.0, 1.0)], marked_every: 2 },
            line("true", quiet, |word| word.share),
            line("95 % interval, low", quiet, |word| word.low),
            line("95 % interval, high", quiet, |word| word.high),
            line("true among stress", &calibration.stress, |word| word.share),
        ],
    }
}

fn share(title: &'static str) -> Axis {
    Axis { title, from: 0.0, to: 1.0, logarithmic: false, ticks: vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0] }
}

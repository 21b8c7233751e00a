//! Detection.

use std::fmt::Display;

use headwater_model::{Day, Partition};

events! {
    DETECT "headwater::detect"

    /// Detection begins to close days (`active`), or stands by and follows who does.
    INFO DetectTurned "detect_turned" "detection" ""
    { active: bool, day: Option<Day> }

    /// Days were closed up to and with this one; `held_by` says what the next one waits for.
    INFO DaysClosed<'a> "days_closed" "days closed" ""
    { day: Day, held_by: &'a dyn Display, late: u64 }

    /// The next day waits for another than before. Said at most every 30 s.
    INFO DetectHeld<'a> "detect_held" "the next day is held back"
    "Where a day waits for long: see whether that source is read (`input_stopped`), or sends nothing and is not idle yet."
    { day: Option<Day>, held_by: &'a dyn Display }

    /// An alert was raised, or changed.
    INFO AlertTold<'a> "alert_told" "alert" ""
    { alert_id: &'a str, revision: u32, kind: &'a str, market: &'a str, status: &'a str, priority: &'a str, as_of: Day }

    /// An exercise alert was told, or is over: somebody ordered a drill (`headwater drill`).
    INFO DrillTold<'a> "drill_told" "exercise" ""
    { alert_id: &'a str, revision: u32, market: &'a str, status: &'a str }

    /// Alerts that were computed again differ from those that were told: another model or catalog. The log holds for
    /// what was told. Said once.
    WARN AlertsDiffer<'a> "alerts_differ" "computed again, the alerts differ from those that were told: the log holds for what was told"
    "Expected after an upgrade that changes the model or the catalog."
    { alert_id: &'a str, revision: u32, as_of: Day, model: &'a str, catalog: &'a str }

    /// Another process closed days at the same moment; its entry of the alert log is followed.
    INFO DetectOvertaken "detect_overtaken" "another process closed days: its entry is followed" ""
    { number: u64 }

    /// Epochs were folded before this process had read them: it reads everything again.
    WARN DetectAfresh<'a> "detect_afresh" "epochs were folded before they were followed: everything is read again" ""
    { source: &'a str, partition: Partition }

    /// Detection fails, and is tried again. Said when it begins and then at most every 30 s.
    ERROR DetectFailing<'a> "detect_failing" "detection fails and is tried again"
    "The error names the cause: the store (as for `commit_failing`), the outputs (as for `outputs_failing`), or a damaged \
     object (`headwater archive verify`)."
    { times: u64, ms: u64, error: &'a dyn Display }

    /// Detection goes on.
    INFO DetectRecovered "detect_recovered" "detection goes on" ""
    { times: u64, ms: u64 }

    /// Alerts were published.
    DEBUG AlertsPublished "alerts_published" "alerts published" ""
    { alerts: u64 }
}

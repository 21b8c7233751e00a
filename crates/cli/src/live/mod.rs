//! `headwater run`: inputs read, epochs committed, days closed, results published; in one process or in many.

mod alerts;
mod changes;
mod clock;
mod commit;
mod housekeeping;
mod input;
mod large;
mod leaving;
mod offline;
mod offsets;
mod outputs;
mod patience;
mod pipeline;
mod publication;
mod publishing;
mod records;
mod reject;
mod restore;
mod rows;
mod run;
mod said;
mod settings;
mod snapshot;
mod source;
mod step;
mod wall;

pub use input::Committed;
pub use leaving::Kept;
pub use offline::Offline;
pub use outputs::wishes as output_wishes;
pub use records::{ALERTS_TOPIC, DETECT_TOPIC, REJECTS_TOPIC, VOLUMES_TOPIC};
pub use restore::{Restore, Restored};
pub use run::{Live, run};
pub use step::stall;

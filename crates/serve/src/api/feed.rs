//! That people changed something, here or in another process on the same database.

use std::sync::{Arc, Weak};
use std::time::Duration;

use headwater_people::{People, PeopleError};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Clock;

/// How often it is asked whether others changed something: a look-up by a primary key.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Of so many looks one also writes down which acknowledgements have expired.
const EXPIRE_EVERY: u32 = 20;

/// The number of the last change, as it grows.
pub(super) struct Feed {
    last: Arc<watch::Sender<u64>>,
}

impl Feed {
    /// Looks as long as it lives. Must be called within a runtime.
    pub fn of(people: People, clock: Clock) -> Feed {
        let last = Arc::new(watch::channel(0).0);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(look(people, clock, Arc::downgrade(&last)));
        }
        Feed { last }
    }

    /// Hears of every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Tells of a change of this process at once.
    pub async fn tell(&self, people: &People) {
        // Where this fails the next look finds it.
        let _ = told(people, &self.last).await;
    }
}

async fn told(people: &People, last: &watch::Sender<u64>) -> Result<(), PeopleError> {
    let now = people.last_change().await?;
    last.send_if_modified(|held| std::mem::replace(held, now.max(*held)) < now);
    Ok(())
}

async fn look(people: People, clock: Clock, last: Weak<watch::Sender<u64>>) {
    let mut looks = 0_u32;
    loop {
        let Some(last) = last.upgrade() else { return };
        // A database that does not answer is said by every request that needs it.
        if looks.is_multiple_of(EXPIRE_EVERY) {
            let _ = people.expire(clock()).await;
        }
        let _ = told(&people, &last).await;
        drop(last);
        looks = looks.wrapping_add(1);
        sleep(LOOK_EVERY).await;
    }
}

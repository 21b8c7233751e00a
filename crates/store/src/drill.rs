//! Drills that were ordered, until the process that raises alerts takes them.

use headwater_model::Marking;
use serde::{Deserialize, Serialize};

use crate::archive::{json, read_json};
use crate::{Objects, StoreError, layout};

/// Orders read at a time: people order drills one by one, and whatever else lies there must not hold alerts back.
const ORDERS_MAX: usize = 16;

/// Somebody asked for an exercise alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillOrder {
    /// The id that the alert is to have.
    pub alert_id: String,
    /// Id of its family.
    pub family: String,
    /// Its market: two letters, or `world`.
    pub market: String,
    /// Who may see it.
    pub marking: Marking,
    /// When it was asked for, in milliseconds since 1970.
    pub asked_ms: i64,
    /// When the exercise ends.
    pub ends_ms: i64,
}

/// Where orders lie in a store.
#[derive(Clone)]
pub struct DrillBox {
    objects: Objects,
}

impl DrillBox {
    /// Over a store.
    pub fn new(objects: Objects) -> DrillBox {
        DrillBox { objects }
    }

    /// Puts an order in.
    pub fn put(&self, order: &DrillOrder) -> Result<(), StoreError> {
        let key = layout::drill_key(&order.alert_id);
        self.objects.create(&key, json(&key, order)?).map(|_| ())
    }

    /// The orders that wait, by id. One that cannot be read is left out: alerts do not wait for it.
    pub fn orders(&self) -> Result<Vec<DrillOrder>, StoreError> {
        let mut orders = Vec::new();
        for object in self.objects.list(layout::DRILLS)?.into_iter().take(ORDERS_MAX) {
            match read_json::<DrillOrder>(&self.objects, &object.key) {
                Ok(order) => orders.extend(order.filter(|order| layout::drill_key(&order.alert_id) == object.key)),
                Err(StoreError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(orders)
    }

    /// Takes an order out; nothing where it is gone.
    pub fn remove(&self, alert_id: &str) -> Result<(), StoreError> {
        self.objects.delete(&layout::drill_key(alert_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_waits_until_it_is_taken_out_and_what_is_none_is_left_out() {
        let objects = Objects::memory().unwrap();
        let drills = DrillBox::new(objects.clone());
        let order = |id: &str| DrillOrder {
            alert_id: id.into(),
            family: "opioids".into(),
            market: "US".into(),
            marking: Marking::Green,
            asked_ms: 1,
            ends_ms: 2,
        };
        objects.create("drills/torn.json", "{\"alert_id\":".into()).unwrap();
        objects.create("drills/other.json", serde_json::to_vec(&order("b")).unwrap().into()).unwrap();
        drills.put(&order("a")).unwrap();
        assert_eq!(drills.orders().unwrap(), [order("a")]);
        drills.remove("a").unwrap();
        drills.remove("a").unwrap();
        assert_eq!(drills.orders().unwrap(), []);
    }
}

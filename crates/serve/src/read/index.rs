//! Which series there are of a name: a question names a few of hundreds of thousands.

use headwater_model::{Id, Series};

/// Series by the numbers of their substances and of their routes.
#[derive(Default)]
pub(super) struct Index {
    substances: Lists,
    routes: Lists,
}

impl Index {
    /// Notes a series that is new.
    pub fn add(&mut self, id: Id<Series>, series: &Series) {
        self.substances.add(series.substance.index(), id);
        self.routes.add(series.route.index(), id);
    }

    /// The series of the substances that are taken, or of the routes, whichever are fewer; none where neither narrows.
    pub fn of(&self, substances: Option<&[usize]>, routes: Option<&[usize]>) -> Option<Vec<Id<Series>>> {
        let lists = [(&self.substances, substances), (&self.routes, routes)];
        let narrowed = lists.into_iter().filter_map(|(lists, taken)| Some((lists, taken?)));
        let (lists, taken) = narrowed.min_by_key(|(lists, taken)| lists.count(taken))?;
        Some(taken.iter().flat_map(|name| lists.of(*name)).copied().collect())
    }
}

/// Series by the number of a name.
#[derive(Default)]
struct Lists(Vec<Vec<Id<Series>>>);

impl Lists {
    fn add(&mut self, name: usize, id: Id<Series>) {
        if self.0.len() <= name {
            self.0.resize_with(name + 1, Vec::new);
        }
        self.0[name].push(id);
    }

    fn of(&self, name: usize) -> &[Id<Series>] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    fn count(&self, names: &[usize]) -> usize {
        names.iter().map(|name| self.of(*name).len()).sum()
    }
}

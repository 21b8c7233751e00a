//! Which files to fold: a pure choice.

use headwater_model::EpochNumber;

use crate::{ArchiveFile, Listing};

/// When and how far to fold.
#[derive(Clone, Copy, Debug)]
pub struct FoldPolicy {
    /// Fold when at least so many epochs can be folded.
    pub epochs_min: u64,
    /// Newest epochs that are left alone: a floor above a writer's own epoch would fence it, and whoever follows the
    /// epochs one by one should find them.
    pub keep: u64,
    /// Fold none from here on: those that are not published yet.
    pub before: Option<EpochNumber>,
    /// Bytes that are folded into one file at most, and so the largest file: all its rows are in memory at once, some 15
    /// times its packed size. A larger epoch is folded by itself.
    pub file_bytes_max: u64,
}

impl Default for FoldPolicy {
    fn default() -> FoldPolicy {
        FoldPolicy { epochs_min: 256, keep: 16, before: None, file_bytes_max: 32 << 20 }
    }
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldPlan {
    /// The first epoch that the new floor does not cover.
    pub floor: EpochNumber,
    /// Files that become one each, in order. A group of one folded file stays as it is.
    pub groups: Vec<Vec<ArchiveFile>>,
}

/// How many times larger than its successor a folded file must be to be left alone. So sizes fall at least by half from
/// file to file below the largest size, their number grows with the logarithm of what is folded, and a row is written
/// again a logarithmic number of times.
const TIER: u64 = 2;

/// Chooses what to fold, if it is time. The listing must have no gap.
pub fn choose_fold(listing: &Listing, policy: &FoldPolicy) -> Option<FoldPlan> {
    let first = listing.first();
    let end = EpochNumber(listing.next().0.saturating_sub(policy.keep.max(1)));
    let end = policy.before.map_or(end, |before| before.min(end));
    if end.0.saturating_sub(first.0) < policy.epochs_min.max(1) {
        return None;
    }
    let folded = listing.floor.iter().flat_map(|floor| floor.archive_files());
    let mut groups: Vec<Group> = folded.map(Group::of).collect();
    let mut open: Option<Group> = None;
    for epoch in listing.epochs.iter().take_while(|file| file.last < end) {
        let fits = |group: &Group| group.bytes + epoch.bytes <= policy.file_bytes_max;
        match open.as_mut().filter(|group| fits(group)) {
            Some(group) => group.push(epoch.clone()),
            None => {
                if let Some(full) = open.replace(Group::of(epoch.clone())) {
                    settle(&mut groups, full, policy);
                }
            }
        }
    }
    if let Some(last) = open {
        settle(&mut groups, last, policy);
    }
    Some(FoldPlan { floor: end, groups: groups.into_iter().map(|group| group.files).collect() })
}

struct Group {
    files: Vec<ArchiveFile>,
    bytes: u64,
}

impl Group {
    fn of(file: ArchiveFile) -> Group {
        Group { bytes: file.bytes, files: vec![file] }
    }

    fn push(&mut self, file: ArchiveFile) {
        self.bytes += file.bytes;
        self.files.push(file);
    }
}

/// Puts a group behind the others, merged with those before it that are too small to stand before it.
fn settle(groups: &mut Vec<Group>, mut group: Group, policy: &FoldPolicy) {
    while let Some(before) = groups
        .pop_if(|before| before.bytes <= TIER * group.bytes && before.bytes + group.bytes <= policy.file_bytes_max)
    {
        group.bytes += before.bytes;
        group.files.splice(..0, before.files);
    }
    groups.push(group);
}

#[cfg(test)]
mod tests {
    use headwater_model::{Checksum, Counts, EpochHead, Input, Offset, Partition, Progress};
    use proptest::prelude::*;

    use super::*;
    use crate::{Floor, FoldedFile};

    fn input() -> Input {
        Input { source: "s".into(), partition: Partition(0) }
    }

    fn head(epoch: EpochNumber) -> EpochHead {
        EpochHead {
            input: input(),
            epoch,
            origin: "t".into(),
            partitions: 1,
            from: Progress::Offset(Offset(0)),
            to: Progress::Offset(Offset(0)),
            clock_before: None,
            clock: None,
            highest_known: None,
            counts: Counts::default(),
            total: Counts::default(),
            late_report: 0,
            late_total: 0,
            rows: 0,
            writer: "w".into(),
            build: "b".into(),
            previous: None,
        }
    }

    fn listing(floor: Option<Floor>, sizes: &[u64]) -> Listing {
        let first = floor.as_ref().map_or(0, |floor| floor.epoch.0);
        let file = |(i, bytes): (usize, &u64)| {
            let epoch = EpochNumber(first + i as u64);
            ArchiveFile { key: format!("e{epoch}"), bytes: *bytes, first: epoch, last: epoch, checksum: None }
        };
        let epochs = sizes.iter().enumerate().map(file).collect();
        Listing { input: input(), floor, snapshots: Vec::new(), epochs }
    }

    /// The floor that a plan makes, with folded files of the size of what went in.
    fn carry_out(plan: &FoldPlan) -> Floor {
        let files = plan.groups.iter().map(|group| FoldedFile {
            key: String::new(),
            bytes: group.iter().map(|file| file.bytes).sum(),
            rows: 0,
            checksum: Checksum(0),
            first: group[0].first,
            last: group[group.len() - 1].last,
        });
        let last = EpochNumber(plan.floor.0 - 1);
        Floor { input: input(), epoch: plan.floor, files: files.collect(), previous: Checksum(0), head: head(last) }
    }

    #[test]
    fn nothing_is_folded_before_it_is_time_nor_what_is_new_or_unpublished() {
        let policy = FoldPolicy { epochs_min: 4, keep: 2, before: None, file_bytes_max: 1000 };
        assert_eq!(choose_fold(&listing(None, &[1; 5]), &policy), None);
        assert_eq!(choose_fold(&listing(None, &[1; 6]), &policy).unwrap().floor, EpochNumber(4));
        let unpublished = FoldPolicy { before: Some(EpochNumber(3)), ..policy };
        assert_eq!(choose_fold(&listing(None, &[1; 9]), &unpublished), None);
        let none_kept = FoldPolicy { epochs_min: 1, keep: 0, ..policy };
        assert_eq!(choose_fold(&listing(None, &[1; 3]), &none_kept).unwrap().floor, EpochNumber(2));
    }

    proptest! {
        /// Every epoch stays covered once and in order, no file that is made is too large, large ones are left alone,
        /// and files are few.
        #[test]
        fn rounds_of_folding_keep_files_whole_few_and_bounded(
            rounds in prop::collection::vec(prop::collection::vec(1..200u64, 4..40), 1..30),
        ) {
            let policy = FoldPolicy { epochs_min: 4, keep: 1, before: None, file_bytes_max: 4_000 };
            let mut floor: Option<Floor> = None;
            let (mut epochs, mut total) = (0, 0);
            let mut left = Vec::new();
            for sizes in rounds {
                left.extend(sizes);
                let before = listing(floor.clone(), &left);
                let Some(plan) = choose_fold(&before, &policy) else { continue };
                let done = (plan.floor.0 - epochs) as usize;
                total += left.drain(..done).sum::<u64>();
                epochs = plan.floor.0;
                for group in plan.groups.iter().filter(|group| group.len() > 1) {
                    prop_assert!(group.iter().map(|file| file.bytes).sum::<u64>() <= policy.file_bytes_max);
                }
                let next = carry_out(&plan);
                prop_assert_eq!(next.problem(), None);
                prop_assert_eq!(next.files.iter().map(|file| file.bytes).sum::<u64>(), total);
                let full = 2 * total / policy.file_bytes_max;
                prop_assert!((next.files.len() as u64) <= full + 2 + policy.file_bytes_max.ilog2() as u64);
                floor = Some(next);
            }
        }
    }
}

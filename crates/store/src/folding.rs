//! Folding: a run of epochs becomes one sorted file, and a floor says so.

use bytes::Bytes;
use headwater_model::Input;

use crate::archive::json;
use crate::layout;
use crate::steps::step;
use crate::{
    Archive, ArchiveFile, Chain, Created, FileHead, Floor, FoldPlan, FoldPolicy, FoldedFile, StoreError, choose_fold,
    fold, open, plan,
};

impl Archive {
    /// Folds, if it is time; gives the floor that stands then, `None` where nothing was done. Every epoch is proved and
    /// chained before it is folded: a damaged one is named and stays. Whoever folds at the same time folds the same.
    pub fn fold(&self, input: &Input, policy: &FoldPolicy) -> Result<Option<Floor>, StoreError> {
        let listing = self.listing(input)?;
        plan(&listing)?;
        let Some(choice) = choose_fold(&listing, policy) else { return Ok(None) };
        step!("store::fold::begin");
        let floor = self.fold_files(input, listing.floor.as_ref(), &choice)?;
        step!("store::fold::all_folded");
        let key = layout::floor_key(input, floor.epoch);
        let created = self.objects().create(&key, json(&key, &floor)?)?;
        step!("store::fold::floor");
        match created {
            Created::New | Created::Same => Ok(Some(floor)),
            // Another cut the files elsewhere; what counts is what lies there.
            Created::Other => self.floor(input),
        }
    }

    fn fold_files(&self, input: &Input, held: Option<&Floor>, choice: &FoldPlan) -> Result<Floor, StoreError> {
        let mut chain = held.map_or_else(|| Chain::begin(input.clone()), Chain::behind_floor);
        let mut files = Vec::with_capacity(choice.groups.len());
        for group in &choice.groups {
            let stays = |file: &&FoldedFile| group.len() == 1 && group[0].key == file.key;
            match held.iter().flat_map(|floor| &floor.files).find(stays) {
                Some(file) => files.push(file.clone()),
                None => files.push(self.fold_group(input, group, &mut chain)?),
            }
        }
        let broken = || StoreError::damaged(layout::floor_key(input, choice.floor), "no epoch was folded");
        let (head, previous) = (chain.head().ok_or_else(broken)?.clone(), chain.checksum().ok_or_else(broken)?);
        let floor = Floor { input: input.clone(), epoch: choice.floor, files, previous, head };
        match floor.problem() {
            Some(problem) => Err(StoreError::damaged(layout::floor_key(input, floor.epoch), problem)),
            None => Ok(floor),
        }
    }

    fn fold_group(&self, input: &Input, group: &[ArchiveFile], chain: &mut Chain) -> Result<FoldedFile, StoreError> {
        let mut all: Vec<Bytes> = Vec::with_capacity(group.len());
        let mut rows = 0;
        for file in group {
            let bytes = self.fetch(file)?;
            let opened = open(bytes.clone()).map_err(|e| StoreError::damaged(&file.key, e))?;
            rows += opened.rows();
            match opened.head() {
                FileHead::Epoch(head) if !file.is_folded() => chain.follow(&file.key, head, opened.checksum())?,
                FileHead::Fold(head) if file.is_folded() && head.first == file.first && head.last == file.last => {}
                _ => return Err(StoreError::damaged(&file.key, "foreign: it is of other epochs")),
            }
            all.push(bytes);
        }
        let folded = fold(&all)?;
        drop(all);
        let key = layout::folded_key(input, folded.checksum);
        if folded.rows != rows || folded.head.input != *input {
            return Err(StoreError::damaged(key, format!("{} of {rows} rows were folded", folded.rows)));
        }
        let size = folded.bytes.len() as u64;
        match self.objects().create(&key, folded.bytes.clone())? {
            Created::New => {}
            // Left by a crash, whole or torn (its name is of its bytes). Written again, so that it is young when somebody
            // sweeps what no floor names.
            Created::Same | Created::Other => self.objects().replace(&key, folded.bytes)?,
        }
        step!("store::fold::folded");
        Ok(FoldedFile {
            key,
            bytes: size,
            rows,
            checksum: folded.checksum,
            first: folded.head.first,
            last: folded.head.last,
        })
    }
}

//! A disk that is really full: needs the right to mount one, and says so where it is not given.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use headwater_tests::process::pause;
use headwater_tests::store::committed;

use crate::bed::{Bed, seed};

/// A small disk in memory, taken away when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(at).output().ok()?;
        mounted.status.success().then(|| Disk(at.into()))
    }

    /// Writes until nothing goes on it any more.
    fn fill(&self) {
        let mut ballast = File::create(self.0.join("ballast")).unwrap();
        for block in [64 << 10, 4 << 10, 1] {
            while ballast.write_all(&vec![7; block]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_holds_the_reading_up_and_loses_nothing() {
    let mut bed = Bed::new("full_disk", seed());
    let Some(disk) = Disk::mount(&bed.folder().join("data")) else {
        eprintln!("faults full_disk: left out, for this user may not mount");
        return;
    };
    let cache = ("HEADWATER__STORE__CACHE", "cache");
    let mut run = bed.start(&[cache]);
    bed.feed_some();
    bed.settle(&mut run);
    let before = committed(bed.folder());
    disk.fill();
    for _ in 0..5 {
        bed.feed_some();
        pause(Duration::from_millis(200));
    }
    let log = bed.folder().join("log");
    run.until("the disk is full", || fs::read_to_string(&log).unwrap().contains("trying again"));
    assert_eq!(committed(bed.folder()), before, "it is written down nowhere");
    // One that is killed meanwhile, and one that finds the disk full when it begins.
    run.kill();
    bed.counts.kills += 1;
    disk.make_room();
    let mut run = bed.start(&[cache]);
    bed.settle(&mut run);
    disk.fill();
    bed.feed_some();
    pause(Duration::from_secs(1));
    disk.make_room();
    bed.settle(&mut run);
    run.terminate();
    bed.verify();
}

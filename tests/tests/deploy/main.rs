//! What `deploy/` gives to operators works: with the real tools that it is written for, and the real binary.
#![allow(clippy::unwrap_used)]

mod alerts;
mod compose;
mod image;
mod restore;
mod stack;
mod systemd;

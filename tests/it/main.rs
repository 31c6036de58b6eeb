//! Tests of the whole: the command, the library through SQL, and the guest modules that they use.

mod bombs;
mod command;
mod database;
mod fixtures;
mod hostile;
mod images;
mod interruption;
mod library;
mod remote;
mod robust;
mod sqllogic;
mod suite;
mod tables;

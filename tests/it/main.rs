//! Tests of the whole: the command, the library through SQL, and the guest modules that they use.

mod command;
mod database;
mod fixtures;
mod hostile;
mod images;
mod library;
mod remote;
mod sqllogic;
mod tables;

//! SQL
mod session;
pub use session::Session;

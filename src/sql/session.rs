//! Placeholder until the engine is here.
use datafusion::{dataframe::DataFrame, error::Result, prelude::*};
/// A SQL session.
#[allow(missing_debug_implementations)]
pub struct Session { ctx: SessionContext }
impl Session {
    /// Makes a session.
    pub fn new() -> Self { Self { ctx: SessionContext::new_with_config(SessionConfig::new().with_information_schema(true)).enable_url_table() } }
    /// The DataFusion context.
    pub fn context(&self) -> &SessionContext { &self.ctx }
    /// Plans and (for DDL) runs one statement.
    pub async fn sql(&self, sql: &str) -> Result<DataFrame> { self.ctx.sql(sql).await }
}

//! Volatile conditions stay above the calls of table functions.
//!
//! DataFusion moves a condition without columns of the function below the node of the call, also one that is volatile:
//! `WHERE random() < 0.5` would be drawn once for all items of a row. A condition with a column of the function stays. So
//! volatile ones get one, through a function that gives back its first argument.

use std::sync::{Arc, LazyLock};

use datafusion::{
    arrow::datatypes::DataType,
    common::{Column, plan_err, tree_node::Transformed},
    error::Result,
    logical_expr::{
        ColumnarValue, Expr, Filter, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
        SubqueryAlias, Volatility,
        utils::{conjunction, split_conjunction_owned},
    },
};

use crate::function::{TableCall, Yield};

/// `wasm_after(condition, column)` is the condition.
#[derive(Debug, PartialEq, Eq, Hash)]
struct After(Signature);

static AFTER: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(After(Signature::any(2, Volatility::Volatile)))));

impl ScalarUDFImpl for After {
    fn name(&self) -> &'static str {
        "wasm_after"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args.swap_remove(0))
    }
}

/// Ties the volatile conditions of a filter to a column of the table function below it.
pub(super) fn hold_back(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Filter(Filter { predicate, input, .. }) = plan else { return Ok(Transformed::no(plan)) };
    let Some(column) = call_below(&input).filter(|_| predicate.is_volatile()) else {
        return Ok(Transformed::no(LogicalPlan::Filter(Filter::try_new(predicate, input)?)));
    };
    let Some(column) = column else {
        return plan_err!(
            "the condition {predicate} is volatile, and a table function below it yields no column here: select one of its \
             columns as well"
        );
    };
    let held = |condition: Expr| match condition.is_volatile() {
        true => AFTER.call(vec![condition, Expr::Column(column.clone())]),
        false => condition,
    };
    let conditions = split_conjunction_owned(predicate).into_iter().map(held);
    let predicate = conjunction(conditions).unwrap_or_else(|| datafusion::logical_expr::lit(true));
    Ok(Transformed::yes(LogicalPlan::Filter(Filter::try_new(predicate, input)?)))
}

/// Whether conditions above a plan can come to a call, and the function's column that they see.
fn call_below(plan: &LogicalPlan) -> Option<Option<Column>> {
    if let Some(call) = TableCall::of(plan) {
        let columns = plan.schema().columns().into_iter().zip(&call.yields);
        return Some(columns.into_iter().find_map(|(column, what)| matches!(what, Yield::Item(_)).then_some(column)));
    }
    match plan {
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Join(_) => {
            plan.inputs().into_iter().find_map(call_below)
        }
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, schema, .. }) => {
            let column = call_below(input)?;
            Some(column.and_then(|column| {
                let index = input.schema().maybe_index_of_column(&column)?;
                schema.columns().into_iter().nth(index)
            }))
        }
        LogicalPlan::Projection(projection) => {
            let column = call_below(&projection.input)?;
            let is_it = |expr: &Expr| {
                column.as_ref().is_some_and(|column| expr.clone().unalias() == Expr::Column(column.clone()))
            };
            let index = projection.expr.iter().position(is_it);
            Some(index.and_then(|index| projection.schema.columns().into_iter().nth(index)))
        }
        _ => None,
    }
}

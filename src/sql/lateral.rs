//! Lateral calls of table functions: from a join with a subquery that refers to the other side, as DataFusion's parser
//! leaves it, to a call on the rows of that side.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, DFSchema, JoinType, ScalarValue,
        config::ConfigOptions,
        plan_err,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    error::Result,
    logical_expr::{
        Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder, Projection, SubqueryAlias, utils::conjunction,
    },
    optimizer::AnalyzerRule,
};

use super::barrier::hold_back;
use crate::function::TableCall;

/// Puts lateral calls on top of what they refer to. What cannot be planned right is refused.
#[derive(Debug)]
pub(super) struct LateralCalls;

impl AnalyzerRule for LateralCalls {
    fn name(&self) -> &'static str {
        "wasm_lateral_calls"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        if !has_calls(&plan)? {
            return Ok(plan);
        }
        let plan = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::Join(join) if refers_out(&join.right) => lateral(join),
            node => Ok(Transformed::no(node)),
        })?;
        let plan = plan.data.transform_up_with_subqueries(hold_back)?;
        plan.data.apply_with_subqueries(|node| match TableCall::of(node) {
            Some(call) if call.args.iter().any(has_outer) => refuse(call, "in this place"),
            _ => Ok(TreeNodeRecursion::Continue),
        })?;
        Ok(plan.data)
    }
}

fn has_calls(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        found |= TableCall::of(node).is_some();
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

fn refuse<T>(call: &TableCall, what: &str) -> Result<T> {
    plan_err!(
        "function {}: its arguments refer to columns of another table, which cannot be planned {what}. A table function \
         takes such columns in FROM: t, f(t.a); t CROSS JOIN LATERAL f(t.a); t LEFT JOIN LATERAL f(t.a) ON true",
        call.function.definition().name()
    )
}

/// The first call that a plan has.
fn first_call(plan: &LogicalPlan) -> Option<&TableCall> {
    TableCall::of(plan).or_else(|| plan.inputs().into_iter().find_map(first_call))
}

/// A call in the plan has arguments that refer to columns outside.
fn refers_out(plan: &LogicalPlan) -> bool {
    TableCall::of(plan).is_some_and(|call| call.args.iter().any(has_outer)) || plan.inputs().into_iter().any(refers_out)
}

/// Something in the plan refers to columns outside.
fn has_outer_anywhere(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

fn has_outer(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(matches!(expr, Expr::OuterReferenceColumn(..)))).unwrap_or(true)
}

/// Outer references to columns of a schema become columns.
fn resolve(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let resolved = expr.transform(|expr| {
        Ok(match expr {
            Expr::OuterReferenceColumn(_, column) if schema.has_column(&column) => {
                Transformed::yes(Expr::Column(column))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(resolved.data)
}

fn lateral(join: Join) -> Result<Transformed<LogicalPlan>> {
    let Join { left, right, on, filter, join_type, .. } = join;
    let on = on.into_iter().map(|(left, right)| left.eq(right));
    let condition = conjunction(on.chain(filter));
    let joined = match join_type {
        JoinType::Inner => {
            let joined = apply(&left, &right)?.named(&left, right.schema())?;
            match condition {
                Some(condition) => LogicalPlan::Filter(Filter::try_new(condition, Arc::new(joined))?),
                None => joined,
            }
        }
        JoinType::Left => {
            match condition {
                None => {}
                Some(Expr::Literal(ScalarValue::Boolean(Some(true)), _)) => {}
                Some(_) => return refuse(needed_call(&right)?, "in a LEFT JOIN with a condition other than true"),
            }
            apply_outer(&left, &right)?.named(&left, right.schema())?
        }
        other => return refuse(needed_call(&right)?, &format!("in a {other} JOIN")),
    };
    // Columns of an outer scope that is further out stay as they are, and are looked at again there.
    Ok(Transformed::yes(joined))
}

fn needed_call(plan: &LogicalPlan) -> Result<&TableCall> {
    match first_call(plan) {
        Some(call) => Ok(call),
        None => plan_err!("a lateral join without a call"),
    }
}

/// A plan that has all columns of the left side, and what the right side has for each of its rows.
struct Applied {
    plan: LogicalPlan,
    /// The columns of the right side, in its order. They get its names at the end only: before that, these could be
    /// those of the left side, too.
    columns: Vec<Column>,
}

impl Applied {
    /// All columns of `left`, then those of the right side under the names that it has in `schema`.
    fn named(self, left: &LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
        let mut columns = own_columns(left);
        for (column, (qualifier, field)) in self.columns.into_iter().zip(schema.iter()) {
            columns.push(Expr::Column(column).alias_qualified(qualifier.cloned(), field.name()));
        }
        LogicalPlanBuilder::from(self.plan).project(columns)?.build()
    }

    /// An expression over the right side, whose schema is `schema`, and over outer columns, as one over the plan.
    fn express(&self, expr: Expr, schema: &DFSchema, left: &DFSchema) -> Result<Expr> {
        let expressed = expr.transform(|expr| {
            Ok(match expr {
                Expr::Column(column) => match schema.maybe_index_of_column(&column) {
                    Some(index) => Transformed::yes(Expr::Column(self.columns[index].clone())),
                    None => Transformed::no(Expr::Column(column)),
                },
                other => Transformed::no(other),
            })
        })?;
        resolve(expressed.data, left)
    }
}

fn apply(left: &Arc<LogicalPlan>, right: &LogicalPlan) -> Result<Applied> {
    if let Some(call) = TableCall::of(right) {
        let input = match call.input.as_ref() {
            LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Arc::clone(left),
            input if refers_out(input) => Arc::new(apply(left, input)?.named(left, input.schema())?),
            input if has_outer_anywhere(input) => return refuse(call, "over such a subquery"),
            input => Arc::new(LogicalPlanBuilder::from(left.as_ref().clone()).cross_join(input.clone())?.build()?),
        };
        return called(call, left, input, call.outer);
    }
    match right {
        LogicalPlan::Subquery(subquery) => apply(left, &subquery.subquery),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => apply(left, input),
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            let below = apply(left, input)?;
            let mut exprs = own_columns(left);
            let mut columns = Vec::with_capacity(expr.len());
            for (index, expr) in expr.iter().enumerate() {
                let column = Column::new_unqualified(format!("__wasm_lateral_{index}"));
                let expr = below.express(expr.clone().unalias(), input.schema(), left.schema())?;
                exprs.push(expr.alias(&column.name));
                columns.push(column);
            }
            Ok(Applied { plan: LogicalPlanBuilder::from(below.plan).project(exprs)?.build()?, columns })
        }
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let below = apply(left, input)?;
            let predicate = below.express(predicate.clone(), input.schema(), left.schema())?;
            let plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(below.plan))?);
            Ok(Applied { plan, columns: below.columns })
        }
        other => refuse(needed_call(other)?, &format!("below {}", what(other))),
    }
}

/// The same, with nulls for the rows of `left` for which `right` has none.
fn apply_outer(left: &Arc<LogicalPlan>, right: &LogicalPlan) -> Result<Applied> {
    match right {
        LogicalPlan::Subquery(subquery) => apply_outer(left, &subquery.subquery),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, .. }) => apply_outer(left, input),
        // Columns of nothing are null; what is computed of them need not be.
        LogicalPlan::Projection(Projection { expr, input, .. })
            if expr.iter().all(|expr| matches!(expr.clone().unalias(), Expr::Column(_))) =>
        {
            let below = apply_outer(left, input)?;
            let place = |expr: &Expr| match expr.clone().unalias() {
                Expr::Column(column) => Ok(below.columns[input.schema().index_of_column(&column)?].clone()),
                other => plan_err!("{other} is no column"),
            };
            let columns = expr.iter().map(place).collect::<Result<_>>()?;
            Ok(Applied { plan: below.plan, columns })
        }
        other => match TableCall::of(other) {
            Some(call) if matches!(call.input.as_ref(), LogicalPlan::EmptyRelation(empty) if empty.produce_one_row) => {
                called(call, left, Arc::clone(left), true)
            }
            _ => refuse(needed_call(other)?, &format!("on the right of a LEFT JOIN below {}", what(other))),
        },
    }
}

/// The call on other rows, which begin with the columns of `left`.
fn called(call: &TableCall, left: &LogicalPlan, input: Arc<LogicalPlan>, outer: bool) -> Result<Applied> {
    let args = call.args.iter().map(|arg| resolve(arg.clone(), left.schema())).collect::<Result<_>>()?;
    let before = left.schema().fields().len();
    let plan = TableCall::new(input, call.function.clone(), args, outer, call.has_ordinality())?.into_plan();
    let columns = plan.schema().columns().split_off(before);
    Ok(Applied { plan, columns })
}

/// What a plan is, for a message.
fn what(plan: &LogicalPlan) -> String {
    match plan {
        LogicalPlan::Join(_) => "another join".to_owned(),
        LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) => "an aggregation".to_owned(),
        LogicalPlan::Limit(_) => "a LIMIT".to_owned(),
        LogicalPlan::Sort(_) => "an ORDER BY".to_owned(),
        LogicalPlan::Window(_) => "a window function".to_owned(),
        LogicalPlan::Union(_) => "a UNION".to_owned(),
        other => other.display().to_string(),
    }
}

fn own_columns(plan: &LogicalPlan) -> Vec<Expr> {
    plan.schema().columns().into_iter().map(Expr::Column).collect()
}

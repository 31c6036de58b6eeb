//! Lateral calls of table functions: from a join with a subquery that refers to the other side, as DataFusion's parser
//! leaves it, to a call on the rows of that side.

use std::sync::Arc;

use datafusion::{
    common::{
        DFSchema, JoinType, ScalarValue,
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
    let left = Arc::clone(&join.left);
    let on = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
    let condition = conjunction(on.chain(join.filter.clone()));
    let joined = match join.join_type {
        JoinType::Inner => {
            let joined = apply(&left, &join.right)?;
            match condition {
                Some(condition) => LogicalPlan::Filter(Filter::try_new(condition, Arc::new(joined))?),
                None => joined,
            }
        }
        JoinType::Left => {
            match condition {
                None => {}
                Some(Expr::Literal(ScalarValue::Boolean(Some(true)), _)) => {}
                Some(_) => return refuse(needed_call(&join.right)?, "in a LEFT JOIN with a condition other than true"),
            }
            apply_outer(&left, &join.right)?
        }
        other => return refuse(needed_call(&join.right)?, &format!("in a {other} JOIN")),
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

/// All columns of `left`, and those that `right` has for each of its rows.
fn apply(left: &Arc<LogicalPlan>, right: &LogicalPlan) -> Result<LogicalPlan> {
    if let Some(call) = TableCall::of(right) {
        let input = match call.input.as_ref() {
            LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Arc::clone(left),
            input if refers_out(input) => Arc::new(apply(left, input)?),
            input if has_outer_anywhere(input) => return refuse(call, "over such a subquery"),
            input => Arc::new(LogicalPlanBuilder::from(left.as_ref().clone()).cross_join(input.clone())?.build()?),
        };
        return called(call, input, call.outer);
    }
    match right {
        LogicalPlan::Subquery(subquery) => apply(left, &subquery.subquery),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, schema, .. }) => {
            renamed(left, apply(left, input)?, input.schema(), schema)
        }
        LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
            let below = apply(left, input)?;
            let mut columns = own_columns(left);
            for (index, expr) in expr.iter().enumerate() {
                let (qualifier, field) = schema.qualified_field(index);
                let expr = resolve(expr.clone().unalias(), left.schema())?;
                columns.push(expr.alias_qualified(qualifier.cloned(), field.name()));
            }
            LogicalPlanBuilder::from(below).project(columns)?.build()
        }
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let predicate = resolve(predicate.clone(), left.schema())?;
            Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(apply(left, input)?))?))
        }
        other => refuse(needed_call(other)?, &format!("below {}", what(other))),
    }
}

/// The same, with nulls for the rows of `left` for which `right` has none.
fn apply_outer(left: &Arc<LogicalPlan>, right: &LogicalPlan) -> Result<LogicalPlan> {
    match right {
        LogicalPlan::Subquery(subquery) => apply_outer(left, &subquery.subquery),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, schema, .. }) => {
            renamed(left, apply_outer(left, input)?, input.schema(), schema)
        }
        // Columns of nothing are null; what is computed of them need not be.
        LogicalPlan::Projection(Projection { expr, input, schema, .. })
            if expr.iter().all(|expr| matches!(expr.clone().unalias(), Expr::Column(_))) =>
        {
            let mut columns = own_columns(left);
            for (index, expr) in expr.iter().enumerate() {
                let (qualifier, field) = schema.qualified_field(index);
                columns.push(expr.clone().unalias().alias_qualified(qualifier.cloned(), field.name()));
            }
            LogicalPlanBuilder::from(apply_outer(left, input)?).project(columns)?.build()
        }
        other => match TableCall::of(other) {
            Some(call) if matches!(call.input.as_ref(), LogicalPlan::EmptyRelation(empty) if empty.produce_one_row) => {
                called(call, Arc::clone(left), true)
            }
            _ => refuse(needed_call(other)?, &format!("on the right of a LEFT JOIN below {}", what(other))),
        },
    }
}

/// The call on other rows.
fn called(call: &TableCall, input: Arc<LogicalPlan>, outer: bool) -> Result<LogicalPlan> {
    let args = call.args.iter().map(|arg| resolve(arg.clone(), input.schema())).collect::<Result<_>>()?;
    Ok(TableCall::new(input, call.function.clone(), args, outer, call.has_ordinality())?.into_plan())
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

/// The columns that `plan` has beside those of `left` under the names of an alias.
fn renamed(left: &LogicalPlan, plan: LogicalPlan, from: &DFSchema, to: &DFSchema) -> Result<LogicalPlan> {
    let mut columns = own_columns(left);
    for (from, (qualifier, field)) in from.columns().into_iter().zip(to.iter()) {
        columns.push(Expr::Column(from).alias_qualified(qualifier.cloned(), field.name()));
    }
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

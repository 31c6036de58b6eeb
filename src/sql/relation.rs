//! Table functions in FROM.
//!
//! DataFusion calls a table function once, at planning, whatever its arguments are, and joins what it yields with the rest
//! of FROM. For a call on columns of that rest this gives wrong rows without a word. So calls of ours are made lateral
//! before planning (`FROM t, f(t.a)` says so in PostgreSQL, too), are planned as nodes of our own whose arguments refer to
//! the outer columns, and are put on top of what they refer to by [`LateralCalls`](super::lateral::LateralCalls).

use std::{ops::ControlFlow, sync::Arc};

use datafusion::{
    common::{DFSchema, plan_err},
    error::Result,
    logical_expr::{
        Expr, ExprSchemable, LogicalPlanBuilder,
        expr::Placeholder,
        planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    },
    sql::{
        parser::{CopyToSource, Statement},
        sqlparser::ast::{
            AccessExpr, Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArgOperator, Ident, ObjectName,
            Subscript, TableAlias, TableFactor, Value, VisitMut, VisitorMut, visit_expressions,
        },
    },
};

use crate::function::{TableCall, WasmScalarUdf, coerce};

/// Makes the calls of table functions in a statement lateral, and fields of results what DataFusion knows.
pub(super) fn rewrite(statement: &mut Statement, is_ours: &dyn Fn(&str) -> bool) {
    match statement {
        Statement::Statement(statement) => {
            let _ = statement.visit(&mut Rewrite { is_ours });
        }
        Statement::Explain(explain) => rewrite(&mut explain.statement, is_ours),
        Statement::CopyTo(copy) => {
            if let CopyToSource::Query(query) = &mut copy.source {
                let _ = query.visit(&mut Rewrite { is_ours });
            }
        }
        _ => {}
    }
}

struct Rewrite<'a> {
    is_ours: &'a dyn Fn(&str) -> bool,
}

impl VisitorMut for Rewrite<'_> {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        // A constant call can be joined in every way.
        let is_lateral = |call: &Call| (self.is_ours)(&call.name) && call.beside.is_none() && call.may_refer_out();
        if let Some(call) = Call::of(factor).filter(is_lateral) {
            *factor = TableFactor::Function {
                lateral: true,
                name: ObjectName::from(vec![call.ident]),
                args: call.args,
                with_ordinality: call.with_ordinality,
                alias: call.alias,
            };
        }
        ControlFlow::Continue(())
    }

    /// DataFusion knows `f(x)['field']`, but not `f(x).field`, which it refuses: the same in its words.
    fn post_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        // What begins with a name can be a column of a table, and is DataFusion's.
        if let SqlExpr::CompoundFieldAccess { root, access_chain } = expr
            && !matches!(root.as_ref(), SqlExpr::Identifier(_) | SqlExpr::CompoundIdentifier(_))
        {
            for access in access_chain {
                if let AccessExpr::Dot(SqlExpr::Identifier(field)) = access {
                    let index = SqlExpr::value(Value::SingleQuotedString(super::parser::fold(field)));
                    *access = AccessExpr::Subscript(Subscript::Index { index });
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// A call in FROM as it was written.
struct Call {
    ident: Ident,
    /// Folded.
    name: String,
    args: Vec<FunctionArg>,
    with_ordinality: bool,
    alias: Option<TableAlias>,
    /// What was written beside it and is for tables only.
    beside: Option<&'static str>,
}

impl Call {
    fn of(factor: &TableFactor) -> Option<Self> {
        let mut beside = None;
        let (name, args, with_ordinality, alias) = match factor {
            TableFactor::Table {
                name,
                args: Some(args),
                with_ordinality,
                alias,
                sample,
                version,
                with_hints,
                partitions,
                ..
            } => {
                let others = [
                    (sample.is_some(), "TABLESAMPLE"),
                    (version.is_some(), "a version"),
                    (!with_hints.is_empty(), "WITH hints"),
                    (!partitions.is_empty(), "PARTITION"),
                    (args.settings.is_some(), "SETTINGS"),
                ];
                beside = others.into_iter().find_map(|(is_there, what)| is_there.then_some(what));
                (name, &args.args, *with_ordinality, alias)
            }
            TableFactor::Function { name, args, with_ordinality, alias, .. } => (name, args, *with_ordinality, alias),
            _ => return None,
        };
        let [part] = name.0.as_slice() else { return None };
        let ident = part.as_ident()?.clone();
        let name = super::parser::fold(&ident);
        Some(Self { ident, name, args: args.clone(), with_ordinality, alias: alias.clone(), beside })
    }

    /// An argument has names of columns, or a subquery.
    fn may_refer_out(&self) -> bool {
        let refers = |expr: &SqlExpr| match expr {
            SqlExpr::Identifier(_)
            | SqlExpr::CompoundIdentifier(_)
            | SqlExpr::Subquery(_)
            | SqlExpr::Exists { .. }
            | SqlExpr::InSubquery { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        visit_expressions(&self.args, refers).is_break()
    }
}

/// Plans the calls of our table functions.
#[derive(Debug)]
pub(super) struct TableFunctionPlanner;

impl RelationPlanner for TableFunctionPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let call = Call::of(&relation);
        let function = call.as_ref().and_then(|call| context.context_provider().get_function_meta(&call.name));
        let ours = function.as_ref().and_then(|function| function.inner().downcast_ref::<WasmScalarUdf>());
        let (Some(call), Some(function)) = (call, ours) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let name = &call.name;
        if !function.definition().is_table() {
            return plan_err!(
                "function {name} is a scalar function; to be called in FROM it has to be created with RETURNS TABLE"
            );
        }
        if let Some(what) = call.beside {
            return plan_err!("function {name}: {what} is for tables, not for table functions");
        }
        let args = arguments(function, call.args, context)?;
        let one_row = Arc::new(LogicalPlanBuilder::empty(true).build()?);
        let node = TableCall::new(one_row, function.clone(), args, false, call.with_ordinality)?;
        let planned = PlannedRelation::new(node.into_plan(), call.alias);
        Ok(RelationPlanning::Planned(Box::new(planned)))
    }
}

/// The arguments in the order of the parameters, of their types.
fn arguments(
    function: &WasmScalarUdf,
    args: Vec<FunctionArg>,
    context: &mut dyn RelationPlannerContext,
) -> Result<Vec<Expr>> {
    let definition = function.definition();
    let (name, params) = (definition.name(), &definition.signature().params);
    let empty = DFSchema::empty();
    let mut given: Vec<Option<Expr>> = vec![None; params.len()];
    let mut named = false;
    let count = args.len();
    for (place, arg) in args.into_iter().enumerate() {
        let (place, value) = match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(_)) if named => {
                return plan_err!("function {name}: arguments without a name stand before those with one");
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (place, value),
            FunctionArg::Named {
                name: param,
                arg: FunctionArgExpr::Expr(value),
                operator: FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment,
            } => {
                named = true;
                let param = context.normalize_ident(param);
                match params.iter().position(|known| known.name == param) {
                    Some(place) => (place, value),
                    None => {
                        let known: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
                        return plan_err!("function {name} has no parameter {param}; it has {}", known.join(", "));
                    }
                }
            }
            other => return plan_err!("function {name}: '{other}' is no argument; write f(1, 'x') or f(a => 1)"),
        };
        let Some(slot) = given.get_mut(place) else {
            return plan_err!("function {name} takes {}, not {count}", crate::error::arguments(params.len()));
        };
        if slot.replace(context.sql_to_expr(value, &empty)?).is_some() {
            return plan_err!("function {name}: the parameter {} is given twice", params[place].name);
        }
    }
    let missing = given.iter().zip(params).find(|(arg, _)| arg.is_none());
    if let Some((_, param)) = missing {
        return plan_err!(
            "function {name} takes {}, not {count}: {} is missing",
            crate::error::arguments(params.len()),
            param.name
        );
    }
    let args: Vec<Expr> = given.into_iter().flatten().zip(params).map(|(arg, param)| typed(arg, param)).collect();
    let types = args.iter().map(|arg| arg.get_type(&empty)).collect::<Result<Vec<_>>>()?;
    let wanted = coerce(name, params, &types)?;
    args.into_iter().zip(&wanted).map(|(arg, ty)| arg.cast_to(ty, &empty)).collect()
}

/// A placeholder is of the parameter's type.
fn typed(arg: Expr, param: &crate::module::Parameter) -> Expr {
    match arg {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            let field = datafusion::arrow::datatypes::Field::new(&param.name, param.data_type.clone(), true);
            Expr::Placeholder(Placeholder::new_with_field(id, Some(Arc::new(field))))
        }
        other => other,
    }
}

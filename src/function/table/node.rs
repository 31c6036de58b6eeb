//! The logical node of a table function's calls.

use std::{
    cmp::Ordering,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef},
    common::{Column, DFSchema, DFSchemaRef, TableReference, internal_err},
    error::Result,
    logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore},
};

use crate::function::WasmScalarUdf;

/// One column that a call yields.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Yield {
    /// A column of the input, repeated for each item of its row.
    Input(Column),
    /// A column of the function, by its place in the signature.
    Item(usize),
    /// The number of the item in its row, counted from 1.
    Ordinality,
}

/// A table function called on each row of an input. A call that is not lateral has one row without columns as input.
#[derive(Debug, Clone)]
pub(crate) struct TableCall {
    pub(crate) input: Arc<LogicalPlan>,
    pub(crate) function: WasmScalarUdf,
    /// Of the types of the parameters.
    pub(crate) args: Vec<Expr>,
    /// Rows without items are kept, with nulls.
    pub(crate) outer: bool,
    pub(crate) yields: Vec<Yield>,
    /// What the function's columns are qualified with.
    qualifier: TableReference,
    schema: DFSchemaRef,
}

impl TableCall {
    /// A call that yields the input's columns, the function's, and the ordinality if that is wanted.
    pub(crate) fn new(
        input: Arc<LogicalPlan>,
        function: WasmScalarUdf,
        args: Vec<Expr>,
        outer: bool,
        ordinality: bool,
    ) -> Result<Self> {
        let columns = function.definition().signature().columns.as_ref().map_or(0, Vec::len);
        let mut yields: Vec<Yield> = input.schema().columns().into_iter().map(Yield::Input).collect();
        yields.extend((0..columns).map(Yield::Item));
        if ordinality {
            yields.push(Yield::Ordinality);
        }
        // The function's name, unless the input has columns of that name: of another call of the same function.
        let name = function.definition().name();
        let is_free = |name: &TableReference| input.schema().iter().all(|(qualifier, _)| qualifier != Some(name));
        let names = (1..).map(|number| match number {
            1 => TableReference::bare(name),
            _ => TableReference::bare(format!("{name}#{number}")),
        });
        let qualifier = names.into_iter().find(is_free).expect("an input has finitely many columns");
        Self::qualified(input, function, args, outer, yields, qualifier)
    }

    /// The same call with other columns.
    pub(crate) fn yielding(&self, yields: Vec<Yield>) -> Result<Self> {
        let (input, function, args) = (Arc::clone(&self.input), self.function.clone(), self.args.clone());
        Self::qualified(input, function, args, self.outer, yields, self.qualifier.clone())
    }

    /// The same call of a function that counts its calls elsewhere.
    pub(crate) fn calling(&self, function: WasmScalarUdf) -> Self {
        Self { function, ..self.clone() }
    }

    fn qualified(
        input: Arc<LogicalPlan>,
        function: WasmScalarUdf,
        args: Vec<Expr>,
        outer: bool,
        yields: Vec<Yield>,
        qualifier: TableReference,
    ) -> Result<Self> {
        let field = |what| field(&input, &function, &qualifier, what);
        let fields = yields.iter().map(field).collect::<Result<Vec<_>>>()?;
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { input, function, args, outer, yields, qualifier, schema: Arc::new(schema) })
    }

    /// The same call with other inputs and arguments; what it yields stays, as far as the input has it.
    pub(crate) fn with(&self, input: Arc<LogicalPlan>, args: Vec<Expr>) -> Result<Self> {
        let is_there = |what: &Yield| match what {
            Yield::Input(column) => input.schema().has_column(column),
            _ => true,
        };
        let yields = self.yields.iter().filter(|what| is_there(what)).cloned().collect();
        Self::qualified(input, self.function.clone(), args, self.outer, yields, self.qualifier.clone())
    }

    /// The ordinality is among what it yields.
    pub(crate) fn has_ordinality(&self) -> bool {
        self.yields.contains(&Yield::Ordinality)
    }

    /// What it is in a plan.
    pub(crate) fn into_plan(self) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(self) })
    }

    /// The call, if a plan is one.
    pub(crate) fn of(plan: &LogicalPlan) -> Option<&Self> {
        let LogicalPlan::Extension(Extension { node }) = plan else { return None };
        node.as_any().downcast_ref()
    }

    fn identity(&self) -> impl Hash + PartialEq + '_ {
        (&self.input, &self.function, &self.args, self.outer, &self.yields, &self.qualifier)
    }
}

fn field(
    input: &LogicalPlan,
    function: &WasmScalarUdf,
    qualifier: &TableReference,
    what: &Yield,
) -> Result<(Option<TableReference>, FieldRef)> {
    let definition = function.definition();
    let qualifier = Some(qualifier.clone());
    Ok(match what {
        Yield::Input(column) => {
            let (qualifier, field) = input.schema().qualified_field_from_column(column)?;
            (qualifier.cloned(), Arc::clone(field))
        }
        Yield::Item(index) => {
            let Some(column) = definition.signature().columns.as_ref().and_then(|columns| columns.get(*index)) else {
                return internal_err!("function {} has no column {index}", definition.name());
            };
            (qualifier, Arc::new(Field::new(&column.name, column.data_type.clone(), true)))
        }
        Yield::Ordinality => (qualifier, Arc::new(Field::new("ordinality", DataType::Int64, true))),
    })
}

impl PartialEq for TableCall {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for TableCall {}

impl Hash for TableCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl PartialOrd for TableCall {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for TableCall {
    fn name(&self) -> &'static str {
        "WasmTableFunction"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.args.clone()
    }

    /// Conditions on the input's columns can be checked before the function is called.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let of_function = |(what, column): (&Yield, Column)| (!matches!(what, Yield::Input(_))).then_some(column.name);
        self.yields.iter().zip(self.schema.columns()).filter_map(of_function).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<String> = self.args.iter().map(ToString::to_string).collect();
        let outer = if self.outer { "Left " } else { "" };
        write!(f, "WasmTableFunction: {outer}{}({})", self.function.definition().name(), args.join(", "))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Ok([input]) = <[LogicalPlan; 1]>::try_from(inputs) else {
            return internal_err!("a table function has one input");
        };
        self.with(Arc::new(input), exprs)
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut needed: Vec<usize> = output_columns
            .iter()
            .filter_map(|index| match self.yields.get(*index)? {
                Yield::Input(column) => self.input.schema().maybe_index_of_column(column),
                _ => None,
            })
            .collect();
        needed.sort_unstable();
        needed.dedup();
        // Those of the arguments are added by the caller.
        Some(vec![needed])
    }
}

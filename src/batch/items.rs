//! Results that are lists, item by item: what table functions yield. Only as many items are in memory as go through the
//! arena at once, however many a row has.

use std::{sync::Arc, time::Duration};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        buffer::NullBuffer,
        datatypes::DataType,
    },
    logical_expr::ColumnarValue,
};

use super::{
    call::{Argument, Arguments, Callable, Route, Stop},
    context::{Caller, Context},
    counters::Tally,
    drivers,
    drivers::{Drivers, Run},
    general::{self, General},
    lift::Output,
    tree,
};
use crate::{
    error::{Error, Result},
    image::Kind,
    module::GuestType,
};

/// How many rows the general route runs at once.
const GENERAL_ROWS: usize = 64;

/// Items of consecutive rows of a batch.
#[derive(Debug)]
pub(crate) struct Items {
    /// The row that the first items belong to.
    pub(crate) row: usize,
    /// Items of that row were yielded before.
    pub(crate) goes_on: bool,
    /// For each row that is done, where its items end. Those after the last end belong to the next row, of which more
    /// follow.
    pub(crate) ends: Vec<usize>,
    /// How many items there are.
    pub(crate) len: usize,
    /// The columns that were asked for.
    pub(crate) columns: Vec<ArrayRef>,
}

/// A batch whose items are being yielded.
#[derive(Debug)]
pub(crate) struct Opened {
    args: Arguments,
    rows: usize,
    /// Which columns of the items are made.
    columns: Vec<usize>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// The function is called on no row.
    Nowhere,
    Drivers {
        batch: Box<drivers::Batch>,
        run: Option<Box<Run>>,
        goes_on: bool,
    },
    General {
        batch: general::Batch,
        row: usize,
    },
    Done,
}

impl Callable {
    /// The types of the columns of the items.
    pub(crate) fn item_type(&self) -> Option<(&GuestType, &DataType)> {
        match (self.signature.guest.result.unwrap_option().0, &self.signature.return_type) {
            (GuestType::List(guest), DataType::List(field)) => Some((guest, field.data_type())),
            _ => None,
        }
    }

    /// Begins with a batch of `rows` rows; `columns` are the numbers of the columns that [`Self::next`] is to make.
    ///
    /// # Errors
    /// When an argument cannot be given to the guest, or the memory pool refuses.
    pub(crate) fn open(
        &self,
        args: &[ColumnarValue],
        rows: usize,
        columns: Vec<usize>,
        caller: Caller<'_>,
    ) -> Result<Opened> {
        self.runtime.variables.check_enabled()?;
        let args = self.arguments(args)?;
        let called = self.called(&args, rows)?;
        let way = if rows == 0 {
            Way::Done
        } else if called.as_ref().is_some_and(|called| called.null_count() == rows) {
            Way::Nowhere
        } else {
            let mut tally = Tally { batches: 1, rows: rows as u64, ..Tally::default() };
            let context = Context::new(&self.name, &self.runtime, caller, 1);
            let way = self.way(&context, &args, called, rows, &mut tally);
            self.count(&context, caller, tally, way.as_ref().err());
            way.map_err(|stop| self.report(&args, stop))?
        };
        Ok(Opened { args, rows, columns, way })
    }

    fn way(
        &self,
        context: &Context<'_>,
        args: &[Argument],
        called: Option<NullBuffer>,
        rows: usize,
        tally: &mut Tally,
    ) -> Result<Way, Stop> {
        match &self.route {
            Route::Drivers(drivers) => {
                let image = drivers.image(context, Kind::Drivers)?;
                tally.time(1, || {
                    let batch = Box::new(drivers.prepare(image, args, called)?);
                    let run = Some(Box::new(drivers.start(context, &batch, 0..rows)?));
                    Ok((Way::Drivers { batch, run, goes_on: false }, Duration::ZERO))
                })
            }
            Route::General(general) => {
                let batch = General::prepare(general.image(context)?, args, called);
                Ok(Way::General { batch, row: 0 })
            }
        }
    }

    /// The next items; `None` after the last.
    ///
    /// # Errors
    /// When the guest fails, or the memory pool refuses.
    pub(crate) fn next(&self, opened: &mut Opened, caller: Caller<'_>) -> Result<Option<Items>> {
        let Opened { args, rows, columns, way } = opened;
        let context = Context::new(&self.name, &self.runtime, caller, 1);
        let mut tally = Tally::default();
        let items = tally.time(1, || {
            let items = match (&mut *way, &self.route) {
                (Way::Nowhere, _) => {
                    let columns = self.no_items(columns).map_err(Stop::Other)?;
                    Some(Items { row: 0, goes_on: false, ends: vec![0; *rows], len: 0, columns })
                }
                (Way::Drivers { batch, run: Some(run), goes_on }, Route::Drivers(drivers)) => {
                    Some(self.step(drivers, &context, batch, run, goes_on, columns)?)
                }
                (Way::General { batch, row }, Route::General(general)) => {
                    let part = *row..(*row + GENERAL_ROWS).min(*rows);
                    *row = part.end;
                    let values = general.run(&context, &self.signature, batch, part.clone())?;
                    Some(self.lists(values, part.start, columns)?)
                }
                _ => None,
            };
            Ok((items, Duration::ZERO))
        });
        self.count(&context, caller, tally, items.as_ref().err());
        let is_done = match (&mut *way, &self.route) {
            (Way::Drivers { batch, run, .. }, Route::Drivers(drivers)) => {
                match run.take_if(|run| run.is_done() || items.is_err()) {
                    Some(run) => {
                        drivers.finish(&context, batch, *run);
                        true
                    }
                    None => false,
                }
            }
            (Way::General { row, .. }, _) => row == rows || items.is_err(),
            _ => true,
        };
        let items = items.map_err(|stop| {
            let stop = match (&*way, &self.route) {
                (Way::Drivers { batch, .. }, Route::Drivers(drivers)) => drivers.explain(&context, batch, stop),
                _ => stop,
            };
            self.report(args, stop)
        });
        if is_done {
            *way = Way::Done;
        }
        items
    }

    fn step(
        &self,
        drivers: &Drivers,
        context: &Context<'_>,
        batch: &drivers::Batch,
        run: &mut Run,
        goes_on: &mut bool,
        columns: &[usize],
    ) -> Result<Items, Stop> {
        let mut output = Output::of(&drivers.function.spec.result, 0);
        if self.has_fields() {
            for (index, field) in output.parts[0].parts.iter_mut().enumerate() {
                field.is_skipped = !columns.contains(&index);
            }
        } else {
            output.parts[0].is_skipped = columns.is_empty();
        }
        let row = run.row();
        drivers.renew(context, run);
        drivers.step(context, batch, run, &mut output)?;
        let ends: Vec<usize> = output.offsets[1..].iter().map(|end| *end as usize).collect();
        let [items] = <[Output; 1]>::try_from(output.parts).expect("a list has one part");
        let len = items.rows;
        let (guest, ty) = self.item_type().expect("checked when the function was made");
        let lifted = items.lift_columns(guest, ty, columns).map_err(Stop::Other)?;
        let columns = lifted.map_err(|misfit| {
            let at = ends.partition_point(|end| *end <= misfit.row);
            Stop::result(super::lower::Misfit { row: row + at, ..misfit })
        })?;
        let whole = ends.last().copied().unwrap_or(0);
        let items = Items { row, goes_on: *goes_on, ends, len, columns };
        *goes_on = len > whole || (*goes_on && items.ends.is_empty());
        Ok(items)
    }

    /// The items of lists that are there as values.
    fn lists(
        &self,
        values: Vec<Option<wasmtime::component::Val>>,
        row: usize,
        columns: &[usize],
    ) -> Result<Items, Stop> {
        let signature = &self.signature;
        let lists = tree::array(values, &signature.guest.result, &signature.return_type).map_err(Stop::Other)?;
        let lists = lists.map_err(|misfit| Stop::result(super::lower::Misfit { row: row + misfit.row, ..misfit }))?;
        let lists = lists.as_list::<i32>();
        let ends = lists.value_offsets()[1..].iter().map(|end| *end as usize).collect();
        let items = lists.values();
        let columns = match items.data_type() {
            DataType::Struct(_) if self.has_fields() => {
                columns.iter().map(|column| Arc::clone(items.as_struct().column(*column))).collect()
            }
            _ => columns.iter().map(|_| Arc::clone(items)).collect(),
        };
        Ok(Items { row, goes_on: false, ends, len: items.len(), columns })
    }

    /// The items are records or tuples, whose fields are columns.
    fn has_fields(&self) -> bool {
        self.item_type()
            .is_some_and(|(guest, _)| matches!(guest.unwrap_option().0, GuestType::Record(_) | GuestType::Tuple(_)))
    }

    /// Columns without items.
    fn no_items(&self, columns: &[usize]) -> Result<Vec<ArrayRef>> {
        let missing = || Error::Statement(format!("function {} returns no list", self.name));
        let (_, ty) = self.item_type().ok_or_else(missing)?;
        Ok(columns
            .iter()
            .map(|column| match ty {
                DataType::Struct(fields) if self.has_fields() => {
                    datafusion::arrow::array::new_empty_array(fields[*column].data_type())
                }
                other => datafusion::arrow::array::new_empty_array(other),
            })
            .collect())
    }
}

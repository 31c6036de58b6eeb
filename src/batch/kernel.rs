//! Rows through a kernel, which reads Arrow columns where they are.

use datafusion::arrow::{array::ArrayRef, buffer::NullBuffer};
use smallvec::SmallVec;

use super::{
    call::{Argument, Callable, Stop},
    context::Context,
    counters::Tally,
    drivers::Drivers,
    lift::{aligned_for_numbers, lift_lane},
    lower::{Input, Values, lane},
};
use crate::kernel::{Code, Column};

/// A function's code for some columns and constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel<'a> {
    drivers: &'a Drivers,
    code: &'a Code,
}

impl Drivers {
    /// What can be run on these arguments instead of a driver.
    pub(super) fn kernel(&self, args: &[Argument]) -> Option<Kernel<'_>> {
        let kernel = self.function.kernel()?;
        let constants = args.iter().enumerate().map(|(index, arg)| usize::from(arg.constant) << index).sum();
        kernel.code(constants).map(|code| Kernel { drivers: self, code })
    }
}

impl Callable {
    pub(super) fn through_kernel(
        &self,
        kernel: Kernel<'_>,
        context: &Context<'_>,
        args: &[Argument],
        called: Option<NullBuffer>,
        rows: usize,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Stop> {
        tally.time(context.weight, || {
            let Kernel { drivers, code } = kernel;
            let lowered;
            let mut columns: Columns<'_> = args.iter().filter_map(Argument::column).collect();
            if columns.len() < args.len() {
                lowered = drivers.lower(args, called.as_ref())?;
                columns = lowered.iter().map(Input::column).collect();
            }
            // Null rows go through it like all others, and are null afterwards.
            let (parts, beside) = self.in_parts(rows, |part| {
                context.check()?;
                let mut results = aligned_for_numbers(0);
                context.in_wasm(|| code.append(&columns, part, &mut results));
                Ok(results)
            })?;
            let whole = parts.into_iter().reduce(|mut all, part| {
                all.extend_from_slice(&part);
                all
            });
            let whole = whole.expect("a batch that is called has a part");
            let lifted = lift_lane(whole.into(), &self.signature.return_type, called);
            Ok((lifted.map_err(Stop::Other)?.map_err(Stop::result)?, beside))
        })
    }
}

/// Of a few arguments, without an allocation.
type Columns<'a> = SmallVec<[Column<'a>; 4]>;

fn column(values: &[u8], constant: bool) -> Column<'_> {
    if constant { Column::Constant(values) } else { Column::Rows(values) }
}

impl Argument {
    /// The values, if the array has them as a kernel reads them.
    fn column(&self) -> Option<Column<'_>> {
        lane(&self.array).map(|values| column(values, self.constant))
    }
}

impl Input {
    fn column(&self) -> Column<'_> {
        let Values::Lane(values, _) = &self.values else { unreachable!("arithmetic is of plain numbers") };
        column(values, self.constant)
    }
}

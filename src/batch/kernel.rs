//! Rows through a kernel, which reads Arrow columns where they are.

use datafusion::arrow::{array::ArrayRef, buffer::NullBuffer};

use super::{
    call::{Argument, Callable, Stop},
    context::Context,
    counters::Tally,
    drivers::Drivers,
    lift::Output,
    lower::{Input, Values},
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
            let inputs = drivers.lower(args, called.as_ref())?;
            // Null rows go through it like all others, and are null afterwards.
            let (parts, beside) = self.in_parts(rows, |part| {
                context.check()?;
                let mut output = Output::of(&drivers.function.spec.result, part.len());
                let columns = inputs.iter().map(|input| column(input, part.start, part.len()));
                context.in_wasm(|| code.append(columns, part.len(), &mut output.values));
                output.rows = part.len();
                Ok(output)
            })?;
            Ok((self.lift(parts, called.as_ref())?, beside))
        })
    }
}

/// Some rows of an argument.
fn column(input: &Input, from: usize, rows: usize) -> Column<'_> {
    let Values::Lane(values, width) = &input.values else { unreachable!("arithmetic is of plain numbers") };
    match input.constant {
        true => Column::Constant(values),
        false => Column::Rows(&values[from * width..(from + rows) * width]),
    }
}

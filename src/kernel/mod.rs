//! Kernels: functions that do nothing but arithmetic, as machine code that reads and writes whole Arrow columns in place.
//!
//! Such a function has no memory, calls nothing and cannot fail, so nothing is lost without a sandbox, and nothing has to
//! be copied into one. The code is Cranelift's, as that of the drivers is, and gives the same bits.

mod arithmetic;
mod code;

use std::sync::OnceLock;

use self::arithmetic::Arithmetic;
pub(crate) use self::code::{Code, Column};
use crate::{driver::DriverSpec, module::CoreModule};

/// With more parameters than this there would be too many combinations of columns and constants.
const MAX_PARAMS: usize = 4;

/// A function over columns.
#[derive(Debug)]
pub(crate) struct Kernel {
    arithmetic: Arithmetic,
    /// By the bits of the parameters that are constants; compiled when they are needed.
    codes: Box<[OnceLock<Option<Code>>]>,
}

impl Kernel {
    /// The kernel of a function; `None` when it is more than arithmetic.
    pub(crate) fn of(core: &CoreModule, spec: &DriverSpec) -> Option<Self> {
        // Elsewhere Cranelift may have no vectors.
        let has_vectors = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        if !has_vectors || !(1..=MAX_PARAMS).contains(&spec.params.len()) {
            return None;
        }
        let arithmetic = Arithmetic::of(core, spec)?;
        let codes = (0..1 << spec.params.len()).map(|_| OnceLock::new()).collect();
        Some(Self { arithmetic, codes })
    }

    /// The code for columns and, by the bits of `constants`, constants; `None` when the compiler refuses.
    pub(crate) fn code(&self, constants: usize) -> Option<&Code> {
        self.codes[constants].get_or_init(|| Code::compile(&self.arithmetic, constants)).as_ref()
    }
}

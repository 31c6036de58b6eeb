//! Flattening: the core types of a function in the canonical ABI, and whether a core function has them.

use wasmparser::ValType;

use super::{
    Abi,
    component::Lifted,
    core::CoreModule,
    types::{GuestSignature, GuestType},
};
use crate::error::{Error, Result};

/// More flat parameters than this are passed in memory (canonical ABI, `MAX_FLAT_PARAMS`).
pub(super) const MAX_FLAT_PARAMS: usize = 16;

impl GuestType {
    /// Appends the flat core types of a value.
    pub(crate) fn flatten(&self, flat: &mut Vec<ValType>) {
        match self {
            Self::S64 | Self::U64 => flat.push(ValType::I64),
            Self::F32 => flat.push(ValType::F32),
            Self::F64 => flat.push(ValType::F64),
            Self::String | Self::Bytes | Self::List(_) => flat.extend([ValType::I32, ValType::I32]),
            Self::Option(inner) => {
                flat.push(ValType::I32);
                inner.flatten(flat);
            }
            Self::Record(fields) => fields.iter().for_each(|(_, ty)| ty.flatten(flat)),
            Self::Tuple(items) => items.iter().for_each(|ty| ty.flatten(flat)),
            _ => flat.push(ValType::I32),
        }
    }
}

impl GuestType {
    /// Some of it lies elsewhere in memory: it is or has a string or a list.
    fn is_stretchy(&self) -> bool {
        match self {
            Self::String | Self::Bytes | Self::List(_) => true,
            Self::Option(inner) => inner.is_stretchy(),
            Self::Record(fields) => fields.iter().any(|(_, ty)| ty.is_stretchy()),
            Self::Tuple(items) => items.iter().any(Self::is_stretchy),
            _ => false,
        }
    }
}

impl GuestSignature {
    /// The core parameters; `None` when there are too many of them to be flat.
    pub(crate) fn flat_params(&self) -> Option<Vec<ValType>> {
        Some(self.all_params()).filter(|flat| flat.len() <= MAX_FLAT_PARAMS)
    }

    /// The core parameters, however many.
    fn all_params(&self) -> Vec<ValType> {
        let mut flat = Vec::new();
        self.params.iter().for_each(|(_, ty)| ty.flatten(&mut flat));
        flat
    }

    /// The core result when it is returned directly; `None` when a pointer to it is returned.
    pub(crate) fn direct_result(&self) -> Option<ValType> {
        let mut flat = Vec::new();
        self.result.flatten(&mut flat);
        match flat.as_slice() {
            [single] if !self.fallible => Some(*single),
            _ => None,
        }
    }
}

/// Checks that the core functions behind an export have the types that the signature asks for.
pub(super) fn check(core: &CoreModule, lifted: &Lifted, guest: &GuestSignature, abi: Abi) -> Result<()> {
    let spilled = abi == Abi::Canonical && guest.flat_params().is_none();
    let params = if spilled { vec![ValType::I32] } else { guest.all_params() };
    let result = guest.direct_result().unwrap_or(ValType::I32);
    expect(core, &lifted.function, &params, &[result], guest)?;
    if let Some(realloc) = &lifted.realloc {
        expect(core, realloc, &[ValType::I32; 4], &[ValType::I32], guest)?;
    }
    if let Some(post_return) = &lifted.post_return {
        expect(core, post_return, &[result], &[], guest)?;
    }
    let returns_memory = guest.direct_result().is_none();
    let takes_memory = spilled || guest.params.iter().any(|(_, ty)| ty.is_stretchy());
    if takes_memory && lifted.realloc.is_none() {
        return Err(Error::Signature(format!("{guest} needs the export cabi_realloc, which the module lacks")));
    }
    if (takes_memory || returns_memory) && lifted.memory.is_none() {
        return Err(Error::Signature(format!("{guest} needs the export memory, which the module lacks")));
    }
    Ok(())
}

fn expect(
    core: &CoreModule,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    guest: &GuestSignature,
) -> Result<()> {
    let Some(&index) = core.exports.get(name) else {
        return Err(Error::Signature(format!("the module lacks the export {name}")));
    };
    let found = core.function_type(index);
    if found.params() == params && found.results() == results {
        return Ok(());
    }
    let text = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Err(Error::Signature(format!(
        "the export {name} is a core function ({}) -> ({}), but {guest} needs ({}) -> ({})",
        text(found.params()),
        text(found.results()),
        text(params),
        text(results),
    )))
}

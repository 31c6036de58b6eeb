//! What a driver is made for.

use wasm_encoder::ValType;

use crate::module::{Abi, CoreModule, Facts, GuestSignature, GuestType, Lifted, prove};

use super::frame::{MAX_COLUMNS, MAX_RESULTS};

/// The form of a fixed-size value in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    I8,
    U8,
    I16,
    U16,
    I32,
    I64,
    F32,
    F64,
}

impl Lane {
    /// The size in bytes, which is the alignment too.
    pub(crate) const fn width(self) -> u32 {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

/// The form of a column in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// Fixed-size values.
    Lane(Lane),
    /// 32-bit offsets and bytes: strings and binaries.
    Bytes,
    /// 32-bit offsets into the columns of the items.
    List,
    /// No column of its own but validity; the fields have theirs.
    Record,
}

/// A parameter, a result or a part of one, as a driver sees it. A slot has one column in the arena, and its parts have
/// theirs: columns are numbered in the order in which one meets them from the top, each before its parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    /// Without `option`.
    pub(crate) guest: GuestType,
    pub(crate) shape: Shape,
    pub(crate) optional: bool,
    /// The item of a list, the fields of a record or tuple.
    pub(crate) parts: Vec<Self>,
}

impl Slot {
    /// It is or has a string or a list.
    pub(crate) fn is_stretchy(&self) -> bool {
        matches!(self.shape, Shape::Bytes | Shape::List) || self.parts.iter().any(Self::is_stretchy)
    }

    /// The slot for a type; `None` for types that drivers do not know: those whose values take no bytes.
    pub(crate) fn of(guest: &GuestType) -> Option<Self> {
        let (inner, optional) = guest.unwrap_option();
        let mut parts = Vec::new();
        let shape = match inner {
            GuestType::Bool | GuestType::U8 => Shape::Lane(Lane::U8),
            GuestType::S8 => Shape::Lane(Lane::I8),
            GuestType::S16 => Shape::Lane(Lane::I16),
            GuestType::U16 => Shape::Lane(Lane::U16),
            GuestType::S32 | GuestType::U32 | GuestType::Char | GuestType::Enum(_) => Shape::Lane(Lane::I32),
            GuestType::S64 | GuestType::U64 => Shape::Lane(Lane::I64),
            GuestType::F32 => Shape::Lane(Lane::F32),
            GuestType::F64 => Shape::Lane(Lane::F64),
            GuestType::String | GuestType::Bytes => Shape::Bytes,
            GuestType::List(item) => {
                parts.push(Self::of(item)?);
                Shape::List
            }
            GuestType::Record(fields) => {
                parts = fields.iter().map(|(_, ty)| Self::of(ty)).collect::<Option<_>>()?;
                Shape::Record
            }
            GuestType::Tuple(items) => {
                parts = items.iter().map(Self::of).collect::<Option<_>>()?;
                Shape::Record
            }
            GuestType::Option(_) => return None,
        };
        (inner.size() > 0).then(|| Self { guest: inner.clone(), shape, optional, parts })
    }

    /// It is a list, a record or a tuple.
    pub(crate) fn is_nested(&self) -> bool {
        matches!(self.shape, Shape::List | Shape::Record)
    }

    /// The size of a value when it is the same bytes in the arena and in the guest's memory, which the guest may hold
    /// with any bits.
    pub(crate) fn plain_width(&self) -> Option<u32> {
        match self.shape {
            // A guest's `true` may be any number but 0.
            Shape::Lane(lane) if !self.optional && self.guest != GuestType::Bool => {
                (lane.width() == self.guest.size()).then_some(lane.width())
            }
            _ => None,
        }
    }

    /// The flat core types of a value.
    pub(crate) fn flat_types(&self) -> Vec<ValType> {
        let mut flat = Vec::new();
        if self.optional {
            flat.push(ValType::I32);
        }
        let mut inner = Vec::new();
        self.guest.flatten(&mut inner);
        // wasmparser reads types, wasm-encoder writes them.
        flat.extend(inner.into_iter().map(|ty| match ty {
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            _ => ValType::I32,
        }));
        flat
    }

    /// How many columns it and its parts have.
    pub(crate) fn columns(&self) -> u32 {
        1 + self.parts.iter().map(Self::columns).sum::<u32>()
    }

    /// The alignment in the guest's memory, which is where the payload of an option begins.
    pub(crate) fn align(&self) -> u32 {
        self.guest.align()
    }

    /// The size in the guest's memory.
    pub(crate) fn size(&self) -> u32 {
        let inner = self.guest.size();
        if self.optional { (self.align() + inner).next_multiple_of(self.align()) } else { inner }
    }

    /// Where the values of several slots lie one after the other in the guest's memory, and how much they take.
    pub(crate) fn layout(slots: &[Self]) -> (Vec<u32>, u32, u32) {
        let (mut end, mut align) = (0u32, 1);
        let offsets = slots
            .iter()
            .map(|slot| {
                let offset = end.next_multiple_of(slot.align());
                end = offset + slot.size();
                align = align.max(slot.align());
                offset
            })
            .collect();
        (offsets, end.next_multiple_of(align), align)
    }
}

/// One function of a module for which drivers are made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DriverSpec {
    pub(crate) lifted: Lifted,
    pub(crate) params: Vec<Slot>,
    pub(crate) result: Slot,
    /// `result<T, string>`: `T` is the result.
    pub(crate) fallible: bool,
    /// Results outside the range of a narrow type are errors; the canonical ABI cuts them off.
    pub(crate) basic: bool,
    /// The parameters are too many to be flat: the function takes a pointer to them.
    pub(crate) spilled: bool,
}

/// The variants of one function's driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variant {
    /// Any arguments; the function is called on every row.
    Every,
    /// Any arguments; rows whose mask byte is 0 are skipped.
    Masked,
    /// Unrolled: columns and, by the bits of the number, constants; every row.
    Dense(u32),
}

impl DriverSpec {
    /// The spec for a function; `None` when it has types that drivers do not know, which the general route does.
    pub(crate) fn of(lifted: &Lifted, guest: &GuestSignature, abi: Abi) -> Option<Self> {
        let params: Vec<Slot> = guest.params.iter().map(|(_, ty)| Slot::of(ty)).collect::<Option<_>>()?;
        let result = Slot::of(&guest.result)?;
        let columns: u32 = params.iter().map(Slot::columns).sum();
        (columns <= MAX_COLUMNS && result.columns() <= MAX_RESULTS).then(|| Self {
            lifted: lifted.clone(),
            params,
            result,
            fallible: guest.fallible,
            basic: abi == Abi::Basic,
            spilled: abi == Abi::Canonical && guest.flat_params().is_none(),
        })
    }

    /// What is proven of the function with everything that runs beside it in a sandbox.
    pub(crate) fn facts(&self, core: &CoreModule) -> Facts {
        let named = [self.lifted.realloc.as_deref(), self.lifted.post_return.as_deref()];
        let mut roots = vec![core.exports[&self.lifted.function]];
        roots.extend(named.into_iter().flatten().filter_map(|name| core.exports.get(name)));
        roots.extend(core.start.into_iter().chain(core.initialize));
        let facts = prove(core, &roots);
        // However short the function is, what it returns may be long.
        Facts { ends: facts.ends && !self.result.is_stretchy(), ..facts }
    }

    /// The result comes back as the function's own result, not through a pointer.
    pub(crate) fn returns_directly(&self) -> bool {
        !self.fallible && !self.result.optional && matches!(self.result.shape, Shape::Lane(_))
    }

    /// The number of the first column of each parameter.
    pub(crate) fn param_columns(&self) -> impl Iterator<Item = (u32, &Slot)> {
        self.params.iter().scan(0, |next, slot| {
            let column = *next;
            *next += slot.columns();
            Some((column, slot))
        })
    }

    /// A direct result that must be checked against the range of its SQL type.
    pub(crate) fn checks_range(&self) -> bool {
        self.basic
            && self.result.guest != GuestType::Bool
            && matches!(self.result.shape, Shape::Lane(lane) if lane.width() < 4)
    }

    /// The variants that are worth making.
    pub(crate) fn variants(&self, facts: &Facts) -> Vec<Variant> {
        let mut variants = vec![Variant::Every, Variant::Masked];
        if super::dense::pays(self, facts) {
            let all_constant = (1 << self.params.len()) - 1;
            variants.extend((0..all_constant).map(Variant::Dense));
        }
        variants
    }

    /// The export name of a variant of the driver number `index` of a module.
    pub(crate) fn export_name(index: usize, variant: Variant) -> String {
        let prefix = crate::module::RESERVED_PREFIX;
        match variant {
            Variant::Every => format!("{prefix}{index}"),
            Variant::Masked => format!("{prefix}{index}/masked"),
            Variant::Dense(constants) => format!("{prefix}{index}/dense{constants}"),
        }
    }
}

//! What a driver is made for.

use crate::module::{Abi, CoreModule, Facts, GuestSignature, GuestType, Lifted, prove};

use super::frame::MAX_PARAMS;

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
}

/// A parameter or a result as a driver sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    pub(crate) guest: GuestType,
    pub(crate) shape: Shape,
    pub(crate) optional: bool,
}

impl Slot {
    /// The slot for a type; `None` for types that drivers do not know.
    pub(crate) fn of(guest: &GuestType) -> Option<Self> {
        let (inner, optional) = guest.unwrap_option();
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
            GuestType::Option(_) | GuestType::List(_) | GuestType::Record(_) | GuestType::Tuple(_) => return None,
        };
        Some(Self { guest: inner.clone(), shape, optional })
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
        guest.flat_params()?;
        let params: Vec<Slot> = guest.params.iter().map(|(_, ty)| Slot::of(ty)).collect::<Option<_>>()?;
        (params.len() <= MAX_PARAMS as usize).then_some(())?;
        Some(Self {
            lifted: lifted.clone(),
            params,
            result: Slot::of(&guest.result)?,
            fallible: guest.fallible,
            basic: abi == Abi::Basic,
        })
    }

    /// What is proven of the function with everything that runs beside it in a sandbox.
    pub(crate) fn facts(&self, core: &CoreModule) -> Facts {
        let named = [Some("_initialize"), self.lifted.realloc.as_deref(), self.lifted.post_return.as_deref()];
        let mut roots = vec![core.exports[&self.lifted.function]];
        roots.extend(named.into_iter().flatten().filter_map(|name| core.exports.get(name)));
        roots.extend(core.start);
        prove(core, &roots)
    }

    /// The result comes back as the function's own result, not through a pointer.
    pub(crate) fn returns_directly(&self) -> bool {
        !self.fallible && !self.result.optional && matches!(self.result.shape, Shape::Lane(_))
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

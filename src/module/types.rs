//! The types of values that guests take and give: those of WIT that SQL can express.

use std::fmt;

/// A guest's value type. BASIC functions use the numeric ones only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GuestType {
    /// `bool`
    Bool,
    /// `s8`
    S8,
    /// `u8`
    U8,
    /// `s16`
    S16,
    /// `u16`
    U16,
    /// `s32`
    S32,
    /// `u32`
    U32,
    /// `s64`
    S64,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<u8>`, which is BYTEA in SQL
    Bytes,
    /// `enum`, by its cases
    Enum(Vec<String>),
    /// `option<T>`
    Option(Box<Self>),
    /// `list<T>` for any other `T`
    List(Box<Self>),
    /// `record`, by its fields
    Record(Vec<(String, Self)>),
    /// `tuple`
    Tuple(Vec<Self>),
}

impl GuestType {
    /// The size in bytes in linear memory (component model, canonical ABI, `elem_size`).
    pub(crate) fn size(&self) -> u32 {
        match self {
            Self::Bool | Self::S8 | Self::U8 => 1,
            Self::S16 | Self::U16 => 2,
            Self::S32 | Self::U32 | Self::F32 | Self::Char => 4,
            Self::S64 | Self::U64 | Self::F64 | Self::String | Self::Bytes | Self::List(_) => 8,
            Self::Enum(cases) => discriminant_size(cases.len()),
            Self::Option(inner) => {
                let payload = inner.align().max(1);
                (payload + inner.size()).next_multiple_of(self.align())
            }
            Self::Record(fields) => record_size(fields.iter().map(|(_, ty)| ty)),
            Self::Tuple(items) => record_size(items.iter()),
        }
    }

    /// The alignment in bytes in linear memory (canonical ABI, `alignment`).
    pub(crate) fn align(&self) -> u32 {
        match self {
            Self::String | Self::Bytes | Self::List(_) => 4,
            Self::Option(inner) => inner.align(),
            Self::Record(fields) => fields.iter().map(|(_, ty)| ty.align()).max().unwrap_or(1),
            Self::Tuple(items) => items.iter().map(Self::align).max().unwrap_or(1),
            scalar => scalar.size(),
        }
    }

    /// How deep its lists, records and tuples go: 0 for a type that has none.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Option(inner) => inner.depth(),
            Self::List(item) => 1 + item.depth(),
            Self::Record(fields) => 1 + fields.iter().map(|(_, ty)| ty.depth()).max().unwrap_or(0),
            Self::Tuple(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The type without its outermost `option`, and whether it had one.
    pub(crate) fn unwrap_option(&self) -> (&Self, bool) {
        match self {
            Self::Option(inner) => (inner, true),
            other => (other, false),
        }
    }
}

/// The size in bytes of the discriminant of a variant or enum with `cases` cases.
fn discriminant_size(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

fn record_size<'a>(fields: impl Iterator<Item = &'a GuestType>) -> u32 {
    let (mut end, mut align) = (0u32, 1);
    for field in fields {
        end = end.next_multiple_of(field.align()) + field.size();
        align = align.max(field.align());
    }
    end.next_multiple_of(align)
}

impl fmt::Display for GuestType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::S8 => f.write_str("s8"),
            Self::U8 => f.write_str("u8"),
            Self::S16 => f.write_str("s16"),
            Self::U16 => f.write_str("u16"),
            Self::S32 => f.write_str("s32"),
            Self::U32 => f.write_str("u32"),
            Self::S64 => f.write_str("s64"),
            Self::U64 => f.write_str("u64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("list<u8>"),
            Self::Enum(cases) => write!(f, "enum {{ {} }}", cases.join(", ")),
            Self::Option(inner) => write!(f, "option<{inner}>"),
            Self::List(inner) => write!(f, "list<{inner}>"),
            Self::Record(fields) => {
                f.write_str("record { ")?;
                for (i, (name, ty)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {ty}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(" }")
            }
            Self::Tuple(items) => {
                f.write_str("tuple<")?;
                for (i, ty) in items.iter().enumerate() {
                    write!(f, "{}{ty}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(">")
            }
        }
    }
}

/// The parameters and the result of a guest function, as the module declares them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuestSignature {
    /// Name and type of each parameter.
    pub params: Vec<(String, GuestType)>,
    /// The result; of `result<T, string>` it is `T`.
    pub result: GuestType,
    /// The function returns `result<T, string>`: an `err` is an error of that row.
    pub fallible: bool,
}

impl fmt::Display for GuestSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        for (i, (name, ty)) in self.params.iter().enumerate() {
            write!(f, "{}{name}: {ty}", if i > 0 { ", " } else { "" })?;
        }
        match self.fallible {
            true => write!(f, ") -> result<{}, string>", self.result),
            false => write!(f, ") -> {}", self.result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_canonical_abi() {
        let option = |ty| GuestType::Option(Box::new(ty));
        assert_eq!((option(GuestType::U8).size(), option(GuestType::U8).align()), (2, 1));
        assert_eq!((option(GuestType::F64).size(), option(GuestType::F64).align()), (16, 8));
        assert_eq!(option(GuestType::String).size(), 12);
        let record = GuestType::Tuple(vec![GuestType::U8, GuestType::S64, GuestType::U8]);
        assert_eq!((record.size(), record.align()), (24, 8));
        assert_eq!(GuestType::Enum(vec![String::new(); 300]).size(), 2);
    }
}

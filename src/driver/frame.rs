//! The layout of the arena's first page, which host and drivers agree on. All offsets and sizes are in bytes.
//!
//! The frame is an array of 32-bit words at address 0: what the host tells the driver about one slice of a batch, and
//! what the driver tells the host when it returns.

/// First row to work on (in).
pub(crate) const START: u32 = 0;
/// Address of one byte per row, 0 where the function is not to be called (in; masked variants only).
pub(crate) const MASK: u32 = 4;
/// The guest's return area of a row whose result had no room: its address plus 1, else 0 (in and out).
pub(crate) const PENDING: u32 = 8;
/// The column of the result that has no room (out).
pub(crate) const NEEDED_COLUMN: u32 = 12;
/// The room that it needs, in the unit of [`out_end`], with what is there already (out).
pub(crate) const NEEDED: u32 = 16;
/// The first row that is not done (out).
pub(crate) const DONE: u32 = 20;
/// Of a pending row whose result is a list: how many of its items were delivered (in and out).
pub(crate) const ITEM: u32 = 24;
/// Of results that are lists: how many items this call delivered (out, with [`Status::NeedsRoom`]).
pub(crate) const ITEMS: u32 = 28;
/// The length of the message of an `err` result, of which [`MESSAGE`] holds the beginning (out).
pub(crate) const MESSAGE_LEN: u32 = 32;
/// What the guest passed to `proc_exit` (out).
pub(crate) const EXIT_CODE: u32 = 36;
/// The row that is worked on, which the host reads after a trap (out).
pub(crate) const ROW: u32 = 40;
/// Not 0 when the guest is to stop: the host sets it from another thread, and instrumented code looks at it.
pub(crate) const STOP: u32 = 44;
/// How many bytes the guest wrote to stdout and stderr (in and out).
pub(crate) const WRITTEN: u32 = 48;
/// 1 when the guest called `proc_exit` (out).
pub(crate) const EXITED: u32 = 52;

/// Where the words of the parameters' columns begin.
const PARAMS: u32 = 64;
/// The words of one of them.
const PARAM_SIZE: u32 = 20;

/// Words of column `index` of the parameters: address of the values or of the offsets.
pub(crate) const fn values(index: u32) -> u32 {
    PARAMS + index * PARAM_SIZE
}

/// The distance between the values of two rows: 0 for a constant.
pub(crate) const fn stride(index: u32) -> u32 {
    values(index) + 4
}

/// The address that string offsets count from.
pub(crate) const fn data(index: u32) -> u32 {
    values(index) + 8
}

/// Address of one byte per row for the validity of an optional parameter.
pub(crate) const fn validity(index: u32) -> u32 {
    values(index) + 12
}

/// The distance between those bytes: 0 for a constant.
pub(crate) const fn validity_stride(index: u32) -> u32 {
    values(index) + 16
}

/// How many columns the parameters may have. No flat signature has more than 16 parameters, but lists have parts.
pub(crate) const MAX_COLUMNS: u32 = 128;

/// Where the words of the result's columns begin.
const RESULTS: u32 = values(MAX_COLUMNS);
/// The words of one of them.
const RESULT_SIZE: u32 = 16;

/// Words of column `index` of the result: address of the values, or of the end offsets of strings and lists (in).
pub(crate) const fn out(index: u32) -> u32 {
    RESULTS + index * RESULT_SIZE
}

/// Address of one byte per value for the validity of optional values (in).
pub(crate) const fn out_validity(index: u32) -> u32 {
    out(index) + 4
}

/// Address of the bytes of strings (in).
pub(crate) const fn out_data(index: u32) -> u32 {
    out(index) + 8
}

/// The end of the room for them; of lists, how many items there is room for (in).
pub(crate) const fn out_end(index: u32) -> u32 {
    out(index) + 12
}

/// How many columns the result may have.
pub(crate) const MAX_RESULTS: u32 = 88;

/// A ring of the last bytes that the guest wrote to stdout and stderr.
pub(crate) const STDERR: u32 = 4096;
/// Its size, a power of two.
pub(crate) const STDERR_SIZE: u32 = 16384;
/// The beginning of the message of an `err` result.
pub(crate) const MESSAGE: u32 = STDERR + STDERR_SIZE;
/// The room for it.
pub(crate) const MESSAGE_SIZE: u32 = 65536 - MESSAGE;
/// Where columns begin.
pub(crate) const COLUMNS: u32 = 65536;

const _: () = assert!(out(MAX_RESULTS) <= STDERR);

/// Why a driver returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// All rows are done.
    Done,
    /// The result of the current row needs more room; call again with the same [`PENDING`].
    NeedsRoom,
    /// The function returned `err` for the current row.
    Err,
    /// The guest returned a discriminant that its type does not have.
    BadDiscriminant,
    /// The guest returned an address that is not aligned, or its allocator gave one.
    Misaligned,
    /// A BASIC function returned a number outside the range of its SQL type.
    OutOfRange,
    /// The guest returned a list that does not lie in its memory.
    OutOfBounds,
}

impl Status {
    pub(crate) const fn code(self) -> i32 {
        self as i32
    }

    pub(crate) fn from_code(code: u32) -> Option<Self> {
        [
            Self::Done,
            Self::NeedsRoom,
            Self::Err,
            Self::BadDiscriminant,
            Self::Misaligned,
            Self::OutOfRange,
            Self::OutOfBounds,
        ]
        .get(code as usize)
        .copied()
    }
}

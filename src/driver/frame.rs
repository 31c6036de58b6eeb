//! The layout of the arena's first page, which host and drivers agree on. All offsets and sizes are in bytes.
//!
//! The frame is an array of 32-bit words at address 0: what the host tells the driver about one slice of a batch, and
//! what the driver tells the host when it returns.

/// First row to work on (in).
pub(crate) const START: u32 = 0;
/// Address of one byte per row, 0 where the function is not to be called (in; masked variants only).
pub(crate) const MASK: u32 = 4;
/// Address of the result values, or of the end offsets of strings (in).
pub(crate) const OUT: u32 = 8;
/// Address of one byte per row for the validity of results (in; optional results only).
pub(crate) const OUT_VALIDITY: u32 = 12;
/// Address of the bytes of result strings (in).
pub(crate) const OUT_DATA: u32 = 16;
/// The end of the room for them (in).
pub(crate) const OUT_DATA_END: u32 = 20;
/// The guest's return area of a row whose result had no room: its address plus 1, else 0 (in and out).
pub(crate) const PENDING: u32 = 24;
/// The room that the pending result needs (out).
pub(crate) const NEEDED: u32 = 28;
/// The first row that is not done (out).
pub(crate) const DONE: u32 = 32;
/// The length of the message of an `err` result, of which [`MESSAGE`] holds the beginning (out).
pub(crate) const MESSAGE_LEN: u32 = 36;
/// What the guest passed to `proc_exit` (out).
pub(crate) const EXIT_CODE: u32 = 40;
/// The row that is worked on, which the host reads after a trap (out).
pub(crate) const ROW: u32 = 44;
/// Not 0 when the guest is to stop: the host sets it from another thread, and instrumented code looks at it.
pub(crate) const STOP: u32 = 48;
/// How many bytes the guest wrote to stdout and stderr (in and out).
pub(crate) const WRITTEN: u32 = 52;
/// 1 when the guest called `proc_exit` (out).
pub(crate) const EXITED: u32 = 56;

/// Where the parameters' words begin.
const PARAMS: u32 = 60;
/// The words of one parameter.
const PARAM_SIZE: u32 = 20;

/// Words of parameter `index`: address of the values or of the offsets.
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

/// How many parameters fit; no flat signature has more.
pub(crate) const MAX_PARAMS: u32 = 16;

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

const _: () = assert!(values(MAX_PARAMS) <= STDERR);

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
    /// The guest returned a return area that is not aligned.
    Misaligned,
    /// A BASIC function returned a number outside the range of its SQL type.
    OutOfRange,
}

impl Status {
    pub(crate) const fn code(self) -> i32 {
        self as i32
    }

    pub(crate) fn from_code(code: u32) -> Option<Self> {
        [Self::Done, Self::NeedsRoom, Self::Err, Self::BadDiscriminant, Self::Misaligned, Self::OutOfRange]
            .get(code as usize)
            .copied()
    }
}

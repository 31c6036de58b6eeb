//! One slice of a batch in a sandbox's arena: arguments in, the driver's frame, results out.

use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use smallvec::{SmallVec, smallvec};

use super::{
    lift::Output,
    lower::{Input, Values},
};
use crate::{
    driver::{DriverSpec, Shape, Slot, frame},
    sandbox::Sandbox,
};

/// The most items of lists that there is room for, unless one row needs more.
const MAX_ITEMS: usize = 8192;
/// The bytes that their columns may take together, so that they stay in the cache.
const MAX_ITEM_BYTES: usize = 1 << 20;
/// The least room for the bytes of a column of strings.
const MIN_DATA: usize = 16 * 1024;

/// Where the results of one slice go in the arena. Addresses are in bytes.
#[derive(Debug)]
pub(super) struct Layout {
    /// The first address for results.
    start: usize,
    rows: usize,
    places: SmallVec<[Place; 2]>,
}

/// Where one column of the result goes.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    has_data: bool,
    /// What one row is known to need: bytes of strings, items of lists.
    need: usize,
    out: usize,
    validity: usize,
    data: usize,
    /// The end of the room for data, or how many items there is room for.
    end: usize,
}

/// The bytes that rows `from..from + rows` of the inputs and of a result take in the arena, constants aside.
pub(super) fn arena_bytes(inputs: &[Input], spec: &DriverSpec, from: usize, rows: usize) -> usize {
    let columns: usize = inputs
        .iter()
        .zip(&spec.params)
        .filter(|(input, _)| !input.constant)
        .map(|(input, slot)| input.bytes(slot, from, rows))
        .sum();
    // Masks and validities are a byte per row.
    columns + rows * row_width(&spec.result) + rows + 16
}

/// The bytes of one row of a result, without the items of lists and the bytes of strings.
fn row_width(slot: &Slot) -> usize {
    let own = match slot.shape {
        Shape::Lane(lane) => lane.width() as usize,
        Shape::Bytes | Shape::List => 4,
        Shape::Record => 0,
    };
    let parts: usize = match slot.shape {
        Shape::List => 0,
        _ => slot.parts.iter().map(row_width).sum(),
    };
    own + usize::from(slot.optional) + parts
}

impl Input {
    /// The bytes that rows take in the arena, every region aligned.
    fn bytes(&self, slot: &Slot, from: usize, rows: usize) -> usize {
        let validity = if slot.optional { rows } else { 0 };
        let offsets = 4 * (rows + 1);
        let values = match &self.values {
            Values::Lane(_, width) => rows * width,
            Values::Bits(_) => rows,
            Values::Offsets32(ends, _) => offsets + (ends[from + rows] - ends[from]).cast_unsigned() as usize,
            Values::Offsets64(ends, _) => offsets + (ends[from + rows] - ends[from]).cast_unsigned() as usize,
            Values::Views(views) => {
                // The low 32 bits of a view are the length.
                let lengths = views.views()[from..from + rows].iter().map(|view| (view & 0xffff_ffff) as usize);
                offsets + lengths.sum::<usize>()
            }
            Values::List(ends, items) => {
                let (first, last) = (ends[from] as usize, ends[from + rows] as usize);
                offsets + items.bytes(&slot.parts[0], first, last - first)
            }
            Values::Record(fields) => {
                fields.iter().zip(&slot.parts).map(|(field, slot)| field.bytes(slot, from, rows)).sum()
            }
        };
        validity + values + 16
    }

    /// Writes rows `from..from + rows` at `at` and tells the frame of column `index`, and of those after it that belong
    /// to parts, where they are. The answer is the first free address.
    fn write(&self, arena: &mut [u8], at: usize, index: u32, slot: &Slot, from: usize, rows: usize) -> usize {
        let mut end = align(at);
        let step = |width: usize| if self.constant { 0 } else { width };
        set(arena, frame::values(index), end);
        match &self.values {
            Values::Lane(values, width) => {
                let bytes = &values[from * width..(from + rows) * width];
                arena[end..end + bytes.len()].copy_from_slice(bytes);
                // What belongs to a record is found by its number, like the record.
                set(arena, frame::stride(index), step(*width));
                end += bytes.len();
            }
            Values::Bits(bits) => {
                write_bits(&mut arena[end..end + rows], bits, from);
                set(arena, frame::stride(index), step(1));
                end += rows;
            }
            Values::List(offsets, items) => {
                let (first, last) = (offsets[from], offsets[from + rows]);
                for (to, offset) in
                    arena[end..end + 4 * (rows + 1)].chunks_exact_mut(4).zip(&offsets[from..=from + rows])
                {
                    to.copy_from_slice(&(offset - first).to_le_bytes());
                }
                set(arena, frame::stride(index), step(1));
                end += 4 * (rows + 1);
                end = items.write(arena, end, index + 1, &slot.parts[0], first as usize, (last - first) as usize);
            }
            Values::Record(fields) => {
                set(arena, frame::stride(index), step(1));
                let mut column = index + 1;
                for (field, slot) in fields.iter().zip(&slot.parts) {
                    end = field.write(arena, end, column, slot, from, rows);
                    column += slot.columns();
                }
            }
            strings => {
                // A string alone goes by addresses, within a list or record by its number, where this does not matter.
                set(arena, frame::stride(index), step(4));
                let data = end + 4 * (rows + 1);
                let (offsets, rest) = arena[end..].split_at_mut(4 * (rows + 1));
                let (length, base) = match strings {
                    Values::Offsets32(source, values) => {
                        offsets.copy_from_slice(bytemuck::cast_slice(&source[from..=from + rows]));
                        let (first, last) = (source[from] as usize, source[from + rows] as usize);
                        rest[..last - first].copy_from_slice(&values[first..last]);
                        // Offsets are copied as they are; the address they count from lies before the arena then.
                        (last - first, data.wrapping_sub(first))
                    }
                    Values::Offsets64(source, values) => {
                        let (first, last) = (source[from] as usize, source[from + rows] as usize);
                        for (to, offset) in offsets.chunks_exact_mut(4).zip(&source[from..=from + rows]) {
                            to.copy_from_slice(&((*offset as usize - first) as u32).to_le_bytes());
                        }
                        rest[..last - first].copy_from_slice(&values[first..last]);
                        (last - first, data)
                    }
                    Values::Views(views) => {
                        let mut length = 0;
                        offsets[..4].copy_from_slice(&0u32.to_le_bytes());
                        for (to, row) in offsets[4..].chunks_exact_mut(4).zip(from..from + rows) {
                            let value = views.value(row);
                            rest[length..length + value.len()].copy_from_slice(value);
                            length += value.len();
                            to.copy_from_slice(&(length as u32).to_le_bytes());
                        }
                        (length, data)
                    }
                    Values::Lane(..) | Values::Bits(_) | Values::List(..) | Values::Record(_) => {
                        unreachable!("matched above")
                    }
                };
                set(arena, frame::data(index), base);
                end = data + length;
            }
        }
        if slot.optional {
            set(arena, frame::validity(index), end);
            set(arena, frame::validity_stride(index), step(1));
            write_validity(&mut arena[end..end + rows], self.nulls.as_ref(), from);
            end += rows;
        }
        end
    }
}

/// Writes the constants, which stay where they are for all slices that go through this sandbox. The answer is the
/// first free address.
pub(super) fn write_constants(sandbox: &mut Sandbox, inputs: &[Input], spec: &DriverSpec) -> wasmtime::Result<usize> {
    let constants = || inputs.iter().zip(&spec.params).filter(|(input, _)| input.constant);
    let size: usize = constants().map(|(input, slot)| input.bytes(slot, 0, 1)).sum();
    let mut end = frame::COLUMNS as usize;
    if size == 0 {
        return Ok(end);
    }
    let arena = sandbox.arena_of(end + size)?;
    for (input, (column, slot)) in inputs.iter().zip(spec.param_columns()) {
        if input.constant {
            end = input.write(arena, end, column, slot, 0, 1);
        }
    }
    Ok(end)
}

/// Writes rows `from..from + rows` from address `start` on and sets the frame.
///
/// # Errors
/// When a single row does not fit even in the largest arena.
pub(super) fn write(
    sandbox: &mut Sandbox,
    start: usize,
    inputs: &[Input],
    spec: &DriverSpec,
    called: Option<&NullBuffer>,
    from: usize,
    rows: usize,
) -> wasmtime::Result<Layout> {
    let size = arena_bytes(inputs, spec, from, rows);
    let arena = sandbox.arena_of(start + size)?;
    let mut end = start;
    for (input, (column, slot)) in inputs.iter().zip(spec.param_columns()) {
        if !input.constant {
            end = input.write(arena, end, column, slot, from, rows);
        }
    }
    if let Some(called) = called {
        set(arena, frame::MASK, end);
        write_validity(&mut arena[end..end + rows], Some(called), from);
        end += rows;
    }
    let places = smallvec![Place::default(); spec.result.columns() as usize];
    let mut layout = Layout { start: end, rows, places };
    layout.set(sandbox, &spec.result)?;
    let arena = sandbox.arena();
    for word in [frame::START, frame::ROW, frame::PENDING, frame::ITEM, frame::NEEDED_COLUMN] {
        set(arena, word, 0);
    }
    Ok(layout)
}

impl Layout {
    /// Finds a place for every column and tells the frame.
    ///
    /// # Errors
    /// When there is not enough room even in the largest arena.
    fn set(&mut self, sandbox: &mut Sandbox, result: &Slot) -> wasmtime::Result<()> {
        let items = MAX_ITEMS.min(MAX_ITEM_BYTES / item_widths(result).max(1)).max(64);
        let fixed = self.place_rows(result, &mut 0, self.start, self.rows, items);
        // The bytes of strings share what is left.
        let with_data = || self.places.iter().filter(|place| place.has_data);
        let count = with_data().count();
        let needed = |share: usize| with_data().map(|place| place.need.max(share)).sum::<usize>();
        // A single column of strings has all of it anyway.
        let least = if count > 1 { MIN_DATA } else { 0 };
        let arena = sandbox.arena_of(fixed + needed(least))?;
        let room = arena.len() - fixed;
        let fair = room.checked_div(count).unwrap_or(0);
        let share = if needed(fair) <= room { fair } else { least };
        let mut data = fixed;
        for place in self.places.iter_mut().filter(|place| place.has_data) {
            place.data = data;
            data += place.need.max(share);
            place.end = data;
        }
        for (index, place) in (0u32..).zip(&self.places) {
            set(arena, frame::out(index), place.out);
            set(arena, frame::out_validity(index), place.validity);
            set(arena, frame::out_data(index), place.data);
            set(arena, frame::out_end(index), place.end);
        }
        Ok(())
    }

    /// Places what has one size per row. The answer is the first free address.
    fn place_rows(&mut self, slot: &Slot, column: &mut usize, at: usize, rows: usize, items: usize) -> usize {
        let own = *column;
        *column += 1;
        let place = &mut self.places[own];
        place.validity = at;
        let mut end = at + if slot.optional { rows } else { 0 };
        place.out = align(end);
        let mut rows = rows;
        match slot.shape {
            Shape::Lane(lane) => end = place.out + rows * lane.width() as usize,
            Shape::Bytes => {
                end = place.out + 4 * rows;
                place.has_data = true;
            }
            Shape::List => {
                end = place.out + 4 * rows;
                rows = items.max(place.need);
                place.end = rows;
            }
            Shape::Record => {}
        }
        for part in &slot.parts {
            end = self.place_rows(part, column, end, rows, items);
        }
        end
    }
}

/// The bytes of one item in all lists of a slot.
fn item_widths(slot: &Slot) -> usize {
    let own = if slot.shape == Shape::List { row_width(&slot.parts[0]) } else { 0 };
    own + slot.parts.iter().map(item_widths).sum::<usize>()
}

/// Takes the results of `rows` rows, which a call of the driver wrote, and of a list that is not whole the first items.
pub(super) fn take(
    sandbox: &mut Sandbox,
    layout: &Layout,
    spec: &DriverSpec,
    rows: usize,
    items: Option<usize>,
    output: &mut Output,
) {
    take_column(sandbox.arena(), &layout.places, &mut 0, &spec.result, rows, items, output);
}

fn take_column(
    arena: &[u8],
    places: &[Place],
    column: &mut usize,
    slot: &Slot,
    rows: usize,
    items: Option<usize>,
    output: &mut Output,
) {
    let place = &places[*column];
    if output.is_skipped {
        *column += slot.columns() as usize;
        output.rows += rows;
        return;
    }
    *column += 1;
    if slot.optional {
        output.validity.extend_from_slice(&arena[place.validity..place.validity + rows]);
    }
    let mut part_rows = rows;
    match slot.shape {
        Shape::Lane(lane) => {
            output.values.extend_from_slice(&arena[place.out..place.out + rows * lane.width() as usize]);
        }
        Shape::Bytes | Shape::List => {
            let (ends, _) = arena[place.out..place.out + 4 * rows].as_chunks::<4>();
            output.extend_offsets(ends.iter().map(|end| u32::from_le_bytes(*end)));
            let end = ends.last().map_or(0, |end| u32::from_le_bytes(*end) as usize);
            match slot.shape {
                Shape::Bytes => output.values.extend_from_slice(&arena[place.data..place.data + end]),
                _ => part_rows = items.unwrap_or(end),
            }
        }
        Shape::Record => {}
    }
    output.rows += rows;
    for (part, output) in slot.parts.iter().zip(&mut output.parts) {
        take_column(arena, places, column, part, part_rows, None, output);
    }
}

/// Lets the driver go on with empty columns at row `start`, which waits. When nothing was `gained` by the last call, the
/// column that has no room gets more.
///
/// # Errors
/// When the result does not fit even in the largest arena.
pub(super) fn go_on(
    sandbox: &mut Sandbox,
    layout: &mut Layout,
    spec: &DriverSpec,
    start: usize,
    gained: bool,
) -> wasmtime::Result<()> {
    if !gained {
        let (column, needed) = (sandbox.word(frame::NEEDED_COLUMN), sandbox.word(frame::NEEDED) as usize);
        let place = &mut layout.places[column as usize];
        // A row may ask again and again, each time for what it has come to.
        place.need = needed.max(place.need * 2);
        layout.set(sandbox, &spec.result)?;
    }
    let arena = sandbox.arena();
    set(arena, frame::START, start);
    set(arena, frame::ROW, start);
    Ok(())
}

/// Sets a word of the frame. Addresses are below 4 GiB, which is where the arena ends; those that lie before the
/// arena wrap around.
fn set(arena: &mut [u8], word: u32, value: usize) {
    arena[word as usize..word as usize + 4].copy_from_slice(&(value as u32).to_le_bytes());
}

fn align(address: usize) -> usize {
    address.next_multiple_of(8)
}

fn write_validity(to: &mut [u8], nulls: Option<&NullBuffer>, from: usize) {
    match nulls {
        Some(nulls) => write_bits(to, nulls.inner(), from),
        None => to.fill(1),
    }
}

/// Writes bits as bytes, 0 or 1.
fn write_bits(to: &mut [u8], bits: &BooleanBuffer, from: usize) {
    let bits = bits.slice(from, to.len());
    let mut chunks = to.chunks_exact_mut(64);
    let words = bits.bit_chunks();
    for (bytes, word) in (&mut chunks).zip(words.iter()) {
        for (eight, byte) in bytes.chunks_exact_mut(8).zip(word.to_le_bytes()) {
            eight.copy_from_slice(&spread(byte).to_le_bytes());
        }
    }
    let rest = words.remainder_bits();
    for (index, byte) in chunks.into_remainder().iter_mut().enumerate() {
        *byte = (rest >> index & 1) as u8;
    }
}

/// The eight bits of a byte as eight bytes, the lowest first.
fn spread(byte: u8) -> u64 {
    // Copies of the byte in all eight places, of which the n-th keeps its n-th bit, moved down to its lowest place.
    let copies = u64::from(byte) * 0x0101_0101_0101_0101;
    let kept = copies & 0x8040_2010_0804_0201;
    (kept + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & 0x0101_0101_0101_0101
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_bytes_at_any_offset() {
        let bits: BooleanBuffer = (0..300).map(|i| i % 3 == 0 || i % 7 == 2).collect();
        for (from, rows) in [(0, 300), (1, 64), (63, 200), (299, 1), (5, 0)] {
            let mut bytes = vec![9; rows];
            write_bits(&mut bytes, &bits, from);
            let expected: Vec<u8> = (from..from + rows).map(|i| u8::from(bits.value(i))).collect();
            assert_eq!(bytes, expected);
        }
    }
}

//! One slice of a batch in a sandbox's arena: arguments in, the driver's frame, results out.

use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};

use super::{
    lift::Output,
    lower::{Input, Values},
};
use crate::{
    driver::{DriverSpec, Shape, frame},
    sandbox::Sandbox,
};

/// Where things lie in the arena for one slice. Addresses are in bytes.
#[derive(Debug)]
pub(super) struct Layout {
    out: usize,
    out_validity: usize,
    out_data: usize,
}

/// The bytes that rows `from..from + rows` of the inputs and of a result take in the arena, constants aside.
pub(super) fn arena_bytes(inputs: &[Input], spec: &DriverSpec, from: usize, rows: usize) -> usize {
    let columns: usize = inputs
        .iter()
        .zip(&spec.params)
        .filter(|(input, _)| !input.constant)
        .map(|(input, slot)| input.bytes(slot.optional, from, rows))
        .sum();
    let result = match spec.result.shape {
        Shape::Lane(lane) => rows * lane.width() as usize,
        Shape::Bytes => rows * 4,
    };
    // Masks and validities are a byte per row; every region is aligned.
    columns + result + 2 * rows + 16 * (inputs.len() * 2 + 4)
}

impl Input {
    fn bytes(&self, optional: bool, from: usize, rows: usize) -> usize {
        let validity = if optional { rows } else { 0 };
        validity
            + match &self.values {
                Values::Lane(_, width) => rows * width,
                Values::Bits(_) => rows,
                Values::Offsets32(offsets, _) => {
                    4 * (rows + 1) + (offsets[from + rows] - offsets[from]).cast_unsigned() as usize
                }
                Values::Offsets64(offsets, _) => {
                    4 * (rows + 1) + (offsets[from + rows] - offsets[from]).cast_unsigned() as usize
                }
                Values::Views(views) => {
                    // The low 32 bits of a view are the length.
                    let lengths = views.views()[from..from + rows].iter().map(|view| (view & 0xffff_ffff) as usize);
                    4 * (rows + 1) + lengths.sum::<usize>()
                }
            }
    }

    /// Writes rows `from..from + rows` at `at` and tells the frame of parameter `index` where they are. The answer is
    /// the first free address.
    fn write(&self, arena: &mut [u8], at: usize, index: u32, optional: bool, from: usize, rows: usize) -> usize {
        let mut end = align(at);
        set(arena, frame::values(index), end);
        match &self.values {
            Values::Lane(values, width) => {
                let bytes = &values[from * width..(from + rows) * width];
                arena[end..end + bytes.len()].copy_from_slice(bytes);
                set(arena, frame::stride(index), if self.constant { 0 } else { *width });
                end += bytes.len();
            }
            Values::Bits(bits) => {
                write_bits(&mut arena[end..end + rows], bits, from);
                set(arena, frame::stride(index), usize::from(!self.constant));
                end += rows;
            }
            strings => {
                set(arena, frame::stride(index), if self.constant { 0 } else { 4 });
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
                    Values::Lane(..) | Values::Bits(_) => unreachable!("matched above"),
                };
                set(arena, frame::data(index), base);
                end = data + length;
            }
        }
        if optional {
            set(arena, frame::validity(index), end);
            set(arena, frame::validity_stride(index), usize::from(!self.constant));
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
    let size: usize = constants().map(|(input, slot)| input.bytes(slot.optional, 0, 1) + 32).sum();
    let mut end = frame::COLUMNS as usize;
    if size == 0 {
        return Ok(end);
    }
    let arena = sandbox.arena_of(end + size)?;
    for ((input, slot), index) in inputs.iter().zip(&spec.params).zip(0u32..) {
        if input.constant {
            end = input.write(arena, end, index, slot.optional, 0, 1);
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
    for ((input, slot), index) in inputs.iter().zip(&spec.params).zip(0u32..) {
        if !input.constant {
            end = input.write(arena, end, index, slot.optional, from, rows);
        }
    }
    if let Some(called) = called {
        set(arena, frame::MASK, end);
        write_validity(&mut arena[end..end + rows], Some(called), from);
        end += rows;
    }
    let out_validity = end;
    let out = align(end + rows);
    let out_data = match spec.result.shape {
        Shape::Lane(_) => 0,
        Shape::Bytes => out + 4 * rows,
    };
    set(arena, frame::START, 0);
    set(arena, frame::ROW, 0);
    set(arena, frame::OUT, out);
    set(arena, frame::OUT_VALIDITY, out_validity);
    set(arena, frame::OUT_DATA, out_data);
    set(arena, frame::OUT_DATA_END, arena.len());
    set(arena, frame::PENDING, 0);
    Ok(Layout { out, out_validity, out_data })
}

/// Takes the results of `rows` rows, which a call of the driver wrote.
pub(super) fn take(sandbox: &mut Sandbox, layout: &Layout, spec: &DriverSpec, rows: usize, output: &mut Output) {
    let arena = sandbox.arena();
    match spec.result.shape {
        Shape::Lane(lane) => {
            output.values.extend_from_slice(&arena[layout.out..layout.out + rows * lane.width() as usize]);
        }
        Shape::Bytes => {
            let before = output.values.len() as u64;
            let mut end = 0;
            output.ends.extend(arena[layout.out..layout.out + 4 * rows].chunks_exact(4).map(|bytes| {
                end = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                before + u64::from(end)
            }));
            output.values.extend_from_slice(&arena[layout.out_data..layout.out_data + end as usize]);
        }
    }
    if spec.result.optional {
        output.validity.extend_from_slice(&arena[layout.out_validity..layout.out_validity + rows]);
    }
}

/// Lets the driver go on at row `start`, whose result needs `needed` bytes, with all the room for results empty again.
///
/// # Errors
/// When the result does not fit even in the largest arena.
pub(super) fn make_room(sandbox: &mut Sandbox, layout: &Layout, start: usize, needed: u32) -> wasmtime::Result<()> {
    let arena = sandbox.arena_of(layout.out_data + needed as usize)?;
    set(arena, frame::START, start);
    set(arena, frame::ROW, start);
    set(arena, frame::OUT_DATA_END, arena.len());
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

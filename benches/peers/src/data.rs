//! What functions are called on.

use serde_json::{Value, json};

/// A column, before it is one of some version of Arrow.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    I32(Vec<Option<i32>>),
    I64(Vec<Option<i64>>),
    F64(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
}

impl Column {
    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Its values.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::I32(values) => json!(values),
            Self::I64(values) => json!(values),
            Self::F64(values) => json!(values),
            Self::Text(values) => json!(values),
        }
    }
}

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Longs(usize),
    Ints(usize),
    Degrees,
    Words(usize),
    Lines,
    Documents,
    Sentences,
    Lists,
}

/// A fixed sequence of numbers that look random (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 24
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 16] = [
            "good",
            "terrible",
            "the",
            "food",
            "was",
            "not",
            "very",
            "but",
            "service",
            "loved",
            "it",
            "broken",
            "phone",
            "excellent",
            "price",
            "a",
        ];
        WORDS[self.below(16) as usize]
    }

    fn name(&mut self, letters: u64) -> String {
        (0..letters).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}

/// Makes columns of `rows` rows, of which `nulls` in a hundred are null.
pub(crate) fn columns(kind: Kind, rows: usize, nulls: u64) -> Vec<Column> {
    let mut random = Random(rows as u64);
    let count = match kind {
        Kind::Longs(count) | Kind::Ints(count) | Kind::Words(count) => count,
        Kind::Degrees => 4,
        _ => 1,
    };
    let column = |index: usize| {
        // Nulls are those of the first column, so that their share is that of the rows.
        let nulls = if index == 0 { nulls } else { 0 };
        let random = &mut random;
        match kind {
            Kind::Longs(_) => Column::I64(fill(random, rows, nulls, |r| r.below(10_000_000_000_000_000) as i64)),
            Kind::Ints(_) => Column::I32(fill(random, rows, nulls, |r| r.below(1_000_000) as i32 + 1)),
            Kind::Degrees => {
                let limit = if index % 2 == 0 { 90.0 } else { 180.0 };
                Column::F64(fill(random, rows, nulls, |r| (r.below(2_000_000) as f64 / 1_000_000.0 - 1.0) * limit))
            }
            Kind::Words(_) => Column::Text(fill(random, rows, nulls, |r| {
                let letters = 6 + r.below(9);
                r.name(letters)
            })),
            Kind::Lines => Column::Text(fill(random, rows, nulls, |r| {
                let (user, host) = (r.name(6), r.name(7));
                let sign = if r.below(2) == 0 { '@' } else { '#' };
                format!("2013-01-01 10:00:00 INFO login of {user}{sign}{host}.org succeeded")
            })),
            Kind::Documents => Column::Text(fill(random, rows, nulls, |r| {
                let (id, name, score) = (r.below(1_000_000), r.name(10), r.below(1000));
                format!(r#"{{"id":{id},"name":"{name}","tags":["a","b"],"score":{score}.5,"active":true}}"#)
            })),
            Kind::Sentences => Column::Text(fill(random, rows, nulls, |r| {
                let words = 6 + r.below(9);
                (0..words).map(|_| r.word()).collect::<Vec<_>>().join(" ")
            })),
            Kind::Lists => Column::Text(fill(random, rows, nulls, |r| {
                let parts = 1 + r.below(9);
                (0..parts).map(|_| r.name(5)).collect::<Vec<_>>().join(",")
            })),
        }
    };
    (0..count).map(column).collect()
}

fn fill<T>(random: &mut Random, rows: usize, nulls: u64, mut value: impl FnMut(&mut Random) -> T) -> Vec<Option<T>> {
    (0..rows)
        .map(|_| {
            let made = value(random);
            (random.below(100) >= nulls).then_some(made)
        })
        .collect()
}

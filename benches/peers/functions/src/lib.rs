//! The functions that all engines run: the same code, compiled for this machine and for WebAssembly.

#[path = "../../../../udf-fixtures/rust/text/src/sentiment.rs"]
mod words;

use std::cell::RefCell;

use regex_lite::Regex;
use serde_json::Value;

/// The sum, wrapping around.
#[must_use]
pub fn add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// Great-circle distance in kilometres between two points given in degrees.
#[must_use]
pub fn haversine(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
    let (lat1, lat2) = (lat1.to_radians(), lat2.to_radians());
    let (lon1, lon2) = (lon1.to_radians(), lon2.to_radians());
    let lat = ((lat2 - lat1) / 2.0).sin();
    let lon = ((lon2 - lon1) / 2.0).sin();
    let h = lat * lat + lat1.cos() * lat2.cos() * lon * lon;
    2.0 * 6371.0088 * h.min(1.0).sqrt().asin()
}

/// Greatest common divisor of the absolute values.
#[must_use]
pub fn gcd(a: i32, b: i32) -> i32 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a as i32
}

/// Whether the decimal digits pass the Luhn check of card numbers.
#[must_use]
pub fn luhn(number: i64) -> i32 {
    if number < 0 {
        return 0;
    }
    let (mut rest, mut sum, mut double) = (number as u64, 0, false);
    while rest != 0 {
        let digit = rest % 10;
        sum += match (double, digit) {
            (false, d) => d,
            (true, d) if d < 5 => 2 * d,
            (true, d) => 2 * d - 9,
        };
        double = !double;
        rest /= 10;
    }
    i32::from(sum % 10 == 0)
}

/// ASCII upper case and an exclamation mark.
#[must_use]
pub fn shout(text: &str) -> String {
    let mut loud = String::with_capacity(text.len() + 1);
    loud.push_str(text);
    loud.make_ascii_uppercase();
    loud.push('!');
    loud
}

/// Levenshtein's distance in bytes.
#[must_use]
pub fn distance(a: &str, b: &str) -> i32 {
    thread_local!(static ROW: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) });
    ROW.with_borrow_mut(|row| {
        row.clear();
        row.extend(0..=b.len() as i32);
        for (i, x) in (1..).zip(a.bytes()) {
            let mut diagonal = std::mem::replace(&mut row[0], i);
            for (j, y) in b.bytes().enumerate() {
                let change = diagonal + i32::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
            }
        }
        row[b.len()]
    })
}

/// Whether a text has something like an address of electronic mail.
#[must_use]
pub fn is_match(text: &str) -> bool {
    thread_local!(static PATTERN: Regex = Regex::new(r"[a-z0-9.]+@[a-z0-9]+\.(com|org|net)").expect("a pattern"));
    PATTERN.with(|pattern| pattern.is_match(text))
}

/// The field `name` of a JSON object, if it is a string.
#[must_use]
pub fn field(document: &str) -> Option<String> {
    match serde_json::from_str(document) {
        Ok(Value::Object(mut fields)) => match fields.remove("name") {
            Some(Value::String(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// How pleased the writer of an English text sounds, from -4 to 4.
#[must_use]
pub fn sentiment(text: &str) -> f64 {
    words::score(text)
}

/// The parts between commas.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
}

/// A price after a discount.
#[must_use]
pub fn discounted(price: f64, discount: f64) -> f64 {
    price * (1.0 - discount)
}

/// The same with tax.
#[must_use]
pub fn charged(price: f64, discount: f64, tax: f64) -> f64 {
    discounted(price, discount) * (1.0 + tax)
}

/// Whether a part is on promotion, which its type begins with.
#[must_use]
pub fn is_promo(kind: &str) -> bool {
    kind.starts_with("PROMO")
}

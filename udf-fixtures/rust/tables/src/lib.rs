//! Functions whose results are tables, for the CANONICAL ABI: built as a component and as the bare core module inside
//! it.

#[path = "../../text/src/sentiment.rs"]
mod sentiment;

use std::fmt::Write;

use serde_json::Value;

wit_bindgen::generate!({ world: "tables", path: "wit/tables.wit" });

struct Tables;

impl Guest for Tables {
    fn split_str(phrase: String, delim: String) -> Vec<Piece> {
        let piece = |(part, idx): (&str, i32)| Piece { str: part.to_string(), idx };
        let mut chars = delim.chars();
        match (chars.next(), chars.next()) {
            (None, _) => vec![Piece { str: phrase, idx: 0 }],
            // Looking for a character is much faster than for a string.
            (Some(single), None) => phrase.split(single).zip(0..).map(piece).collect(),
            _ => phrase.split(&*delim).zip(0..).map(piece).collect(),
        }
    }

    fn numbered(n: u32) -> Vec<Piece> {
        const WORDS: [&str; 4] = ["north", "east", "south", "west"];
        (0..n as usize).map(|idx| Piece { str: WORDS[idx % WORDS.len()].to_string(), idx: idx as i32 }).collect()
    }

    fn words(text: String) -> Vec<String> {
        words_of(&text).map(str::to_lowercase).collect()
    }

    fn gen_series(start: i64, stop: i64, step: i64) -> Vec<i64> {
        let empty = if step > 0 { start > stop } else { start < stop };
        if step == 0 || empty {
            return Vec::new();
        }
        let steps = stop.abs_diff(start) / step.unsigned_abs();
        // A list that does not fit into memory ends in the panic of `with_capacity`.
        let count = usize::try_from(steps).map_or(usize::MAX, |steps| steps.saturating_add(1));
        let mut series = Vec::with_capacity(count);
        let mut next = start;
        series.extend((0..count).map(|_| {
            let item = next;
            next = next.wrapping_add(step);
            item
        }));
        series
    }

    fn flatten_json(doc: String) -> Result<Vec<Entry>, String> {
        let doc = serde_json::from_str(&doc).map_err(|error| error.to_string())?;
        let mut entries = Vec::new();
        flatten(doc, &mut String::new(), &mut entries);
        Ok(entries)
    }

    fn sentiment_of(text: String) -> Vec<Mood> {
        let (mut positive, mut neutral, mut negative) = (0u32, 0u32, 0u32);
        for word in words_of(&text) {
            let score = sentiment::score(word);
            let count = if score > 0.0 {
                &mut positive
            } else if score < 0.0 {
                &mut negative
            } else {
                &mut neutral
            };
            *count += 1;
        }
        let all = f64::from((positive + neutral + negative).max(1));
        let [positive, neutral, negative] = [positive, neutral, negative].map(|count| f64::from(count) / all);
        let score = sentiment::score(&text);
        vec![Mood { compound: score / (score * score + 15.0).sqrt(), positive, neutral, negative }]
    }

    fn repeat_each(n: u32, text: Option<String>) -> Vec<Option<String>> {
        vec![text; n as usize]
    }

    fn pairs(xs: Vec<i64>, ys: Vec<String>) -> Vec<(i64, String)> {
        xs.into_iter().zip(ys).collect()
    }

    fn keep_or_fail(n: i32) -> Result<Vec<i32>, String> {
        match n {
            ..0 => Err("n is negative".to_string()),
            13 => panic!("13 is an unlucky number"),
            _ => Ok((0..n).collect()),
        }
    }

    fn maybe(n: i32) -> Option<Vec<i32>> {
        (n >= 0).then(|| (0..n).collect())
    }
}

/// Runs of letters, digits and apostrophes inside of them.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let apostrophe = |c: char| c == '\'' || c == '’';
    text.split(move |c: char| !(c.is_alphanumeric() || apostrophe(c)))
        .map(move |word| word.trim_matches(apostrophe))
        .filter(|word| !word.is_empty())
}

/// Adds the leaves below `value`, which is at `path`. Leaves `path` as it was.
fn flatten(value: Value, path: &mut String, entries: &mut Vec<Entry>) {
    let length = path.len();
    let text = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(&name);
                flatten(value, path, entries);
                path.truncate(length);
            }
            return;
        }
        Value::Array(items) => {
            for (index, value) in items.into_iter().enumerate() {
                write!(path, "[{index}]").expect("a string takes everything");
                flatten(value, path, entries);
                path.truncate(length);
            }
            return;
        }
        Value::Null => None,
        Value::String(text) => Some(text),
        value => Some(value.to_string()),
    };
    entries.push(Entry { name: path.clone(), value: text });
}

export!(Tables);

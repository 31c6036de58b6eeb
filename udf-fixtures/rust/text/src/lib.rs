//! Functions over text, for the CANONICAL ABI: built as a component and as the bare core module inside it.

mod sentiment;

wit_bindgen::generate!({ world: "text", path: "wit/text.wit" });

struct Text;

impl Guest for Text {
    fn add(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }

    fn shout(mut s: String) -> String {
        s.make_ascii_uppercase();
        s.push('!');
        s
    }

    fn initials(name: String) -> String {
        name.split_whitespace().filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
    }

    fn sentiment(s: String) -> f64 {
        sentiment::score(&s)
    }

    fn plus_one(x: Option<i64>) -> Option<i64> {
        x.map(|x| x.wrapping_add(1))
    }

    fn checked_div(a: i64, b: i64) -> Result<i64, String> {
        match a.checked_div(b) {
            Some(quotient) => Ok(quotient),
            None if b == 0 => Err(format!("division of {a} by zero")),
            None => Err(format!("{a} / {b} is out of range")),
        }
    }

    fn word_count(s: String) -> u32 {
        s.split_whitespace().count() as u32
    }
}

export!(Text);

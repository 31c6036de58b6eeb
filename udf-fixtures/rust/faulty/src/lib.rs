//! Functions that misbehave, for the CANONICAL ABI. Built with WASI, which the standard library reaches for when it
//! panics, writes, asks for the time or opens a file: these imports are what the fixture is about.

use std::fs::File;
use std::hint::black_box;
use std::time::{SystemTime, UNIX_EPOCH};

wit_bindgen::generate!({ world: "faulty", path: "wit/faulty.wit" });

struct Faulty;

/// The number at which most of the functions go wrong.
const FATAL: i64 = 42;

impl Guest for Faulty {
    fn must_be_positive(x: i64) -> i64 {
        check_sign(x) + 1
    }

    fn forever(x: i64) -> i64 {
        while black_box(x) == FATAL {}
        x
    }

    fn exhaust(x: i64) -> i64 {
        if x == FATAL {
            let mut kept = Vec::new();
            loop {
                kept.push(black_box(vec![0xaa_u8; 1 << 20]));
            }
        }
        x
    }

    fn noisy(x: i64) -> i64 {
        if x == FATAL {
            for line in 1..=2000 {
                eprintln!("line {line} of what a guest has to say before it goes down");
            }
            panic!("enough said about {x}");
        }
        x
    }

    fn environment() -> String {
        let time = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(time) => format!("{}.{:09} s", time.as_secs(), time.subsec_nanos()),
            Err(_) => "before the epoch".to_string(),
        };
        format!(
            "variables: {}, arguments: {}, time: {time}, /etc/passwd: {}",
            std::env::vars_os().count(),
            std::env::args_os().count(),
            if File::open("/etc/passwd").is_ok() { "opens" } else { "does not open" },
        )
    }

    // Not "exit": under that name it would take the place of the C library's own, which the standard library calls.
    fn quit(x: i64) -> i64 {
        if x == FATAL {
            std::process::exit(3);
        }
        x
    }
}

/// The first of two frames that a report of the panic shows.
#[inline(never)]
fn check_sign(x: i64) -> i64 {
    if x < 0 { complain(x) + 1 } else { x - 1 }
}

/// The second one.
#[inline(never)]
fn complain(x: i64) -> i64 {
    if black_box(true) {
        panic!("{x} is not a positive number");
    }
    x
}

export!(Faulty);

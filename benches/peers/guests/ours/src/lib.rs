//! The functions for the canonical ABI: what wasmfusion runs, and wasmtime alone once per row.

use peer_functions as functions;

wit_bindgen::generate!({ world: "peers", path: "wit" });

struct Peers;

impl Guest for Peers {
    fn add(a: i64, b: i64) -> i64 {
        functions::add(a, b)
    }

    fn haversine(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
        functions::haversine(lat1, lon1, lat2, lon2)
    }

    fn gcd(a: i32, b: i32) -> i32 {
        functions::gcd(a, b)
    }

    fn luhn(number: i64) -> i32 {
        functions::luhn(number)
    }

    fn shout(text: String) -> String {
        functions::shout(&text)
    }

    fn distance(a: String, b: String) -> i32 {
        functions::distance(&a, &b)
    }

    fn is_match(text: String) -> bool {
        functions::is_match(&text)
    }

    fn field(document: String) -> Option<String> {
        functions::field(&document)
    }

    fn sentiment(text: String) -> f64 {
        functions::sentiment(&text)
    }

    fn discounted(price: f64, discount: f64) -> f64 {
        functions::discounted(price, discount)
    }

    fn charged(price: f64, discount: f64, tax: f64) -> f64 {
        functions::charged(price, discount, tax)
    }

    fn is_promo(kind: String) -> bool {
        functions::is_promo(&kind)
    }

    fn split(text: String) -> Vec<String> {
        functions::split(&text).map(str::to_owned).collect()
    }
}

export!(Peers);

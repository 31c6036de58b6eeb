//! The functions for arrow-udf, with its macro.

use arrow_udf::function;
use peer_functions as functions;

#[function("add(int64, int64) -> int64")]
fn add(a: i64, b: i64) -> i64 {
    functions::add(a, b)
}

#[function("haversine(float64, float64, float64, float64) -> float64")]
fn haversine(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
    functions::haversine(lat1, lon1, lat2, lon2)
}

#[function("gcd(int32, int32) -> int32")]
fn gcd(a: i32, b: i32) -> i32 {
    functions::gcd(a, b)
}

#[function("luhn(int64) -> int32")]
fn luhn(number: i64) -> i32 {
    functions::luhn(number)
}

#[function("shout(string) -> string")]
fn shout(text: &str) -> String {
    functions::shout(text)
}

#[function("distance(string, string) -> int32")]
fn distance(a: &str, b: &str) -> i32 {
    functions::distance(a, b)
}

#[function("is_match(string) -> boolean")]
fn is_match(text: &str) -> bool {
    functions::is_match(text)
}

#[function("field(string) -> string")]
fn field(document: &str) -> Option<String> {
    functions::field(document)
}

#[function("sentiment(string) -> float64")]
fn sentiment(text: &str) -> f64 {
    functions::sentiment(text)
}

#[function("split(string) ->> string")]
fn split(text: &str) -> impl Iterator<Item = &str> {
    functions::split(text)
}

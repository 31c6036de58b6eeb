//! Rust on Arrow arrays, without a sandbox.

use std::sync::Arc;

use datafusion::arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, ListBuilder, StringArray, StringBuilder,
    },
    compute::{binary, unary},
    datatypes::{Float64Type, Int32Type, Int64Type},
};
use peer_functions as functions;

use crate::{
    Case,
    data::Column,
    engine::{Call, Engine, array, text},
};

pub(crate) struct Native;

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native Rust"
    }

    fn prepare(&self, case: &Case, columns: &[Column]) -> Option<Box<dyn Call>> {
        Some(Box::new(Prepared { name: case.name, args: columns.iter().map(array).collect() }))
    }
}

struct Prepared {
    name: &'static str,
    args: Vec<ArrayRef>,
}

impl Call for Prepared {
    fn run(&mut self) {
        std::hint::black_box(call(self.name, &self.args));
    }

    fn rows(&mut self) -> Vec<String> {
        text(&call(self.name, &self.args))
    }
}

fn call(name: &str, args: &[ArrayRef]) -> ArrayRef {
    let texts = |index: usize| args[index].as_string::<i32>();
    let rows = args[0].len();
    match name {
        "add" => {
            let [a, b] = [0, 1].map(|index| args[index].as_primitive::<Int64Type>());
            Arc::new(binary::<_, _, _, Int64Type>(a, b, functions::add).expect("equal lengths"))
        }
        "haversine" => {
            let columns = [0, 1, 2, 3].map(|index| args[index].as_primitive::<Float64Type>());
            let [a, b, c, d] = columns.map(|column| column.values());
            let value = |row: usize| functions::haversine(a[row], b[row], c[row], d[row]);
            Arc::new(Float64Array::new((0..rows).map(value).collect(), columns[0].nulls().cloned()))
        }
        "gcd" => {
            let [a, b] = [0, 1].map(|index| args[index].as_primitive::<Int32Type>());
            Arc::new(binary::<_, _, _, Int32Type>(a, b, functions::gcd).expect("equal lengths"))
        }
        "luhn" => Arc::new(unary::<_, _, Int32Type>(args[0].as_primitive::<Int64Type>(), functions::luhn)),
        "shout" => {
            let texts = texts(0);
            let mut shouted = StringBuilder::with_capacity(rows, texts.values().len() + rows);
            let mut buffer = String::new();
            for text in texts {
                match text {
                    Some(text) => {
                        buffer.clear();
                        buffer.push_str(text);
                        buffer.make_ascii_uppercase();
                        buffer.push('!');
                        shouted.append_value(&buffer);
                    }
                    None => shouted.append_null(),
                }
            }
            Arc::new(shouted.finish())
        }
        "distance" => {
            let pairs = texts(0).iter().zip(texts(1));
            Arc::new(pairs.map(|(a, b)| Some(functions::distance(a?, b?))).collect::<Int32Array>())
        }
        "is_match" => Arc::new(texts(0).iter().map(|text| text.map(functions::is_match)).collect::<BooleanArray>()),
        "field" => Arc::new(texts(0).iter().map(|text| text.and_then(functions::field)).collect::<StringArray>()),
        "sentiment" => Arc::new(texts(0).iter().map(|text| text.map(functions::sentiment)).collect::<Float64Array>()),
        "split" => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for text in texts(0) {
                if let Some(text) = text {
                    functions::split(text).for_each(|part| lists.values().append_value(part));
                }
                lists.append(text.is_some());
            }
            Arc::new(lists.finish())
        }
        other => unreachable!("{other}"),
    }
}

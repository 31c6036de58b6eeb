//! Table functions and lists: per element against wasmtime's typed API, and in whole queries against native code.
//!
//! `cargo bench --bench tables` prints the ratios of the run at its end, and the peak of memory while a lateral join makes
//! 100 million rows.

mod support;

use std::{fs, hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput};
use datafusion::{
    arrow::{
        array::{
            ArrayRef, AsArray, GenericListBuilder, Int32Array, Int32Builder, StringArray, StringBuilder, UInt32Array,
        },
        compute::cast,
        datatypes::{DataType, Field, Int64Type},
    },
    logical_expr::{ColumnarValue, Volatility, create_udf},
};
use support::{Bar, Function, fixtures, print_ratios, run, session};
use tokio::runtime::Runtime;
use wasmfusion::Session;
use wasmtime::{Config, Engine, Instance, Module, Store, TypedFunc, component};

const ROWS: usize = 8192;
const FEW: usize = 5;
const MORE: usize = 25;

const FUNCTIONS: &str = "
    CREATE FUNCTION split_str AS WASM FROM INFILE '$F/built/tables.wasm';
    CREATE FUNCTION numbered AS WASM FROM INFILE '$F/built/tables.wasm';
    CREATE FUNCTION words RETURNS TABLE AS WASM FROM INFILE '$F/built/tables.wasm';
    CREATE FUNCTION gen_series RETURNS TABLE AS WASM GROW TO 268435456 FROM INFILE '$F/built/tables.wasm'";

/// Rows of `pieces` words of five letters.
fn phrases(pieces: usize) -> StringArray {
    (0..ROWS)
        .map(|row| {
            Some((0..pieces).map(|piece| format!("w{:04}", row % 97 * 10 + piece)).collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// What a guest returns for each piece, as wasmtime's typed API has it.
#[derive(component::ComponentType, component::Lift)]
#[component(record)]
struct Piece {
    str: String,
    idx: i32,
}

/// Lists through the typed API and through the driver; and the guest alone, whose lists nobody reads.
fn lists(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let engine = Engine::new(Config::new().concurrency_support(false)).unwrap();
    let bytes = fs::read(fixtures().join("built/tables.wasm")).unwrap();
    let component = component::Component::new(&engine, bytes).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = component::Linker::new(&engine).instantiate(&mut store, &component).unwrap();
    let split: component::TypedFunc<(String, String), (Vec<Piece>,)> =
        instance.get_typed_func(&mut store, "split-str").unwrap();
    let numbered: component::TypedFunc<(u32,), (Vec<Piece>,)> =
        instance.get_typed_func(&mut store, "numbered").unwrap();
    let core = fs::read(fixtures().join("built/tables.core.wasm")).unwrap();
    let core = Instance::new(&mut store, &Module::new(&engine, core).unwrap(), &[]).unwrap();
    let guest: TypedFunc<u32, u32> = core.get_typed_func(&mut store, "numbered").unwrap();
    let free: TypedFunc<u32, ()> = core.get_typed_func(&mut store, "cabi_post_numbered").unwrap();
    let mut group = c.benchmark_group("lists");
    group.throughput(Throughput::Elements(ROWS as u64));
    for pieces in [FEW, MORE] {
        let phrases = phrases(pieces);
        group.bench_function(format!("split, native {pieces}"), |bencher| {
            bencher.iter(|| native_pieces(black_box(&phrases)));
        });
        group.bench_function(format!("split, typed API {pieces}"), |bencher| {
            bencher.iter(|| {
                let mut last = 0;
                for phrase in phrases.iter().flatten() {
                    last += read(&split.call(&mut store, (phrase.to_owned(), " ".to_owned())).unwrap().0);
                }
                assert_eq!(last, (pieces - 1) * ROWS);
            });
        });
        group.bench_function(format!("numbered, typed API {pieces}"), |bencher| {
            bencher.iter(|| {
                let mut last = 0;
                for _ in 0..ROWS {
                    last += read(&numbered.call(&mut store, (black_box(pieces as u32),)).unwrap().0);
                }
                assert_eq!(last, (pieces - 1) * ROWS);
            });
        });
        group.bench_function(format!("numbered, guest alone {pieces}"), |bencher| {
            bencher.iter(|| {
                for _ in 0..ROWS {
                    let list = guest.call(&mut store, black_box(pieces as u32)).unwrap();
                    free.call(&mut store, list).unwrap();
                }
            });
        });
        let delimiter: ArrayRef = Arc::new(StringArray::from(vec![" "; ROWS]));
        let split = Function::new(&session, "split_str", &[Arc::new(phrases), delimiter]);
        group.bench_function(format!("split, driver {pieces}"), |bencher| bencher.iter(|| split.call()));
        let counts: ArrayRef = Arc::new(UInt32Array::from(vec![pieces as u32; ROWS]));
        let numbered = Function::new(&session, "numbered", &[counts]);
        group.bench_function(format!("numbered, driver {pieces}"), |bencher| bencher.iter(|| numbered.call()));
    }
    group.finish();
}

/// Looks at what would become columns; gives the last position.
fn read(pieces: &[Piece]) -> usize {
    black_box(pieces.iter().map(|piece| piece.str.len()).sum::<usize>());
    pieces.last().map_or(0, |piece| piece.idx as usize)
}

/// The columns that the guest's list has, without an allocation per piece.
fn native_pieces(phrases: &StringArray) -> (Vec<i32>, StringArray, Int32Array) {
    let (mut ends, mut strs, mut idxs) = (Vec::new(), StringBuilder::new(), Int32Builder::new());
    let mut count = 0;
    for phrase in phrases.iter().flatten() {
        for (idx, piece) in phrase.split(' ').enumerate() {
            strs.append_value(piece);
            idxs.append_value(idx as i32);
            count += 1;
        }
        ends.push(count);
    }
    (ends, strs.finish(), idxs.finish())
}

/// The guest's tokenizer as a native function of DataFusion: a list of words for each text.
fn native_words(session: &Session) {
    let list = DataType::new_list(DataType::Utf8, true);
    let words = |args: &[ColumnarValue]| {
        let texts = ColumnarValue::values_to_arrays(args)?.remove(0);
        let texts = cast(&texts, &DataType::Utf8)?;
        let mut lists = GenericListBuilder::<i32, _>::new(StringBuilder::new())
            .with_field(Field::new_list_field(DataType::Utf8, true));
        for text in texts.as_string::<i32>() {
            let Some(text) = text else {
                lists.append_null();
                continue;
            };
            for word in tokens(text) {
                lists.values().append_value(word);
            }
            lists.append(true);
        }
        Ok(ColumnarValue::Array(Arc::new(lists.finish())))
    };
    let udf = create_udf("native_words", vec![DataType::Utf8], list, Volatility::Immutable, Arc::new(words));
    session.context().register_udf(udf);
}

/// What the guest `tables` does in `words`.
fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    let apostrophe = |c: char| c == '\'' || c == '’';
    text.split(move |c: char| !(c.is_alphanumeric() || apostrophe(c)))
        .map(move |word| word.trim_matches(apostrophe))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// The only number that a query gives.
fn number(runtime: &Runtime, session: &Session, sql: &str) -> i64 {
    let batches = runtime.block_on(async { session.sql(sql).await?.collect().await });
    let batches = batches.unwrap_or_else(|e| panic!("{sql}: {e}"));
    cast(batches[0].column(0), &DataType::Int64).unwrap().as_primitive::<Int64Type>().value(0)
}

fn queries(c: &mut Criterion) {
    let session = session(0);
    run(&session, FUNCTIONS);
    native_words(&session);
    let runtime = runtime();
    let reviews = fixtures().join("../sql/data/reviews.parquet");
    let create = format!("CREATE TABLE reviews AS SELECT text FROM '{}'", reviews.display());
    runtime.block_on(async { session.sql(&create).await?.collect().await }).unwrap();
    let mut group = c.benchmark_group("queries");
    group.sample_size(20);
    let wasm = "SELECT sum(length(value)) FROM reviews, words(text)";
    let native = "SELECT sum(length(value)) FROM (SELECT unnest(native_words(text)) AS value FROM reviews)";
    assert_eq!(number(&runtime, &session, wasm), number(&runtime, &session, native));
    for (name, sql) in [
        ("words, native", native),
        ("words, wasm", wasm),
        ("series, native", "SELECT sum(value) FROM generate_series(1, 10000000)"),
        ("series, wasm", "SELECT sum(value) FROM gen_series(1, 10000000, 1)"),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| number(&runtime, &session, sql)));
    }
    group.finish();
}

/// The most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A lateral join whose rows are only counted.
fn memory() {
    let session = session(0);
    run(&session, FUNCTIONS);
    let runtime = runtime();
    println!("\n| rows of a lateral join | peak of memory, MiB |\n| --- | --- |");
    for rows in [100, 1_000, 10_000] {
        let sql = format!("SELECT count(*) FROM generate_series(1, {rows}) AS t(n), gen_series(n, n + 9999, 1)");
        assert_eq!(number(&runtime, &session, &sql), rows * 10_000);
        println!("| {} | {} |", rows * 10_000, peak());
    }
}

const BARS: &[Bar] = &[
    Bar {
        what: "numbered of 5: typed API per row / driver",
        of: ("lists", "numbered, typed API 5"),
        over: ("lists", "numbered, driver 5"),
        wanted: "at least 3",
    },
    Bar {
        what: "split_str of 5: typed API per row / driver",
        of: ("lists", "split, typed API 5"),
        over: ("lists", "split, driver 5"),
        wanted: "",
    },
    Bar {
        what: "split_str of 5: driver / native",
        of: ("lists", "split, driver 5"),
        over: ("lists", "split, native 5"),
        wanted: "",
    },
    Bar {
        what: "words of all reviews, lateral / native and unnest",
        of: ("queries", "words, wasm"),
        over: ("queries", "words, native"),
        wanted: "at most 2",
    },
    Bar {
        what: "sum of 10,000,000 generated integers / generate_series",
        of: ("queries", "series, wasm"),
        over: ("queries", "series, native"),
        wanted: "at most 3",
    },
];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    lists(&mut criterion);
    queries(&mut criterion);
    criterion.final_summary();
    print_ratios(BARS);
    println!("\n| ns | per row of {FEW} | per further element |\n| --- | --- | --- |");
    for (function, way) in [
        ("numbered", "guest alone"),
        ("numbered", "typed API"),
        ("numbered", "driver"),
        ("split", "native"),
        ("split", "typed API"),
        ("split", "driver"),
    ] {
        let per_row = |pieces: usize| {
            let name: &'static str = Box::leak(format!("{function}, {way} {pieces}").into_boxed_str());
            support::median(("lists", name)).map(|nanoseconds| nanoseconds / ROWS as f64)
        };
        if let (Some(few), Some(more)) = (per_row(FEW), per_row(MORE)) {
            println!("| {function}, {way} | {few:.0} | {:.1} |", (more - few) / (MORE - FEW) as f64);
        }
    }
    memory();
}

//! Batch drivers against the general route, with signatures and data made of fuzz input.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use arbitrary::{Result, Unstructured};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray},
        datatypes::{DataType, Float32Type, Float64Type},
        util::display::{ArrayFormatter, FormatOptions},
    },
    logical_expr::ColumnarValue,
};
use wasmfusion::{
    Engine, EngineOptions, Module,
    fuzzing::{Outcome, Routes, exports},
};

use crate::{
    data::{Budget, argument},
    guest::{Guest, arithmetic, identity, liar},
    host,
};

/// The largest module here.
const LARGEST: u64 = 1 << 25;

static ENGINE: LazyLock<Arc<Engine>> = LazyLock::new(|| {
    // Nothing here runs for long, and how long it takes is not what is compared.
    host::engine(EngineOptions { sandbox_idle_ms: 5000, ..EngineOptions::default() })
});

/// Every function of the fixtures that has drivers.
static FIXTURES: LazyLock<Vec<(String, Routes)>> = LazyLock::new(|| {
    let modules = [
        ("built/types.component.wasm", None),
        ("built/types.core.wasm", Some("rust/types/wit/types.wit")),
        ("built/text.wasm", None),
        ("built/text_c.wasm", Some("c/wit/text-c.wit")),
    ];
    let mut functions = Vec::new();
    for (path, wit) in modules {
        let wit = wit.map(|wit| String::from_utf8(host::fixture(wit)).expect("WIT is text"));
        let module = Arc::new(Module::read(&host::fixture(path), wit.as_deref(), LARGEST).expect("a fixture"));
        for export in exports(&module) {
            let made = Routes::canonical(&ENGINE, &module, &export).unwrap_or_else(|error| panic!("{path}: {error}"));
            functions.extend(made.map(|routes| (format!("{path} {export}"), routes)));
        }
    }
    assert!(functions.len() > 100, "fixtures are missing");
    functions
});

/// Functions that were made of an input: compiling takes long, and most inputs share theirs with another.
static MADE: Mutex<Option<HashMap<String, Option<Arc<Routes>>>>> = Mutex::new(None);

/// So many of them are kept.
const KEPT: usize = 64;

/// What routes have to agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreement {
    /// Values, and the row and text of errors.
    All,
    /// Values but for the bits of NaNs, and the row and text of errors.
    AllButNan,
    /// Values, and that there is an error: results are looked at when all rows of a batch are done, so a trap on a later
    /// row is told of first.
    Values,
}

/// The entry of the target.
pub fn run(data: &[u8]) {
    // An input that is too short has nothing to compare.
    let _ = compare(data);
}

fn compare(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let u = &mut u;
    match u.arbitrary::<u8>()? % 8 {
        0..=2 => {
            let index = usize::from(u.arbitrary::<u16>()?) % FIXTURES.len();
            let (name, routes) = &FIXTURES[index];
            check(u, name, routes, Agreement::All)
        }
        3 | 4 => identity(u).and_then(|guest| canonical(u, &guest, Agreement::All)),
        5 => liar(u).and_then(|guest| canonical(u, &guest, Agreement::Values)),
        6 => arithmetic(u).and_then(|guest| canonical(u, &guest, Agreement::AllButNan)),
        _ => {
            let guest = arithmetic(u)?;
            let routes = made(&format!("BASIC {} {}", guest.wit, guest.module), || {
                let with_wit = read(&guest, true);
                let routes = Routes::basic(&ENGINE, &read(&guest, false), &with_wit, "f");
                Some(routes.unwrap_or_else(|error| panic!("{guest:#?}: {error}")))
            });
            match routes {
                Some(routes) => check(u, &format!("{guest:#?}"), &routes, Agreement::AllButNan),
                None => Ok(()),
            }
        }
    }
}

fn read(guest: &Guest, wit: bool) -> Arc<Module> {
    let module = Module::read(guest.module.as_bytes(), wit.then_some(&guest.wit), LARGEST);
    Arc::new(module.unwrap_or_else(|error| panic!("{guest:#?}: {error}")))
}

fn canonical(u: &mut Unstructured<'_>, guest: &Guest, agreement: Agreement) -> Result<()> {
    let routes = made(&format!("{} {}", guest.wit, guest.module), || {
        Routes::canonical(&ENGINE, &read(guest, true), "f").unwrap_or_else(|error| panic!("{guest:#?}: {error}"))
    });
    match routes {
        Some(routes) => check(u, &format!("{guest:#?}"), &routes, agreement),
        // More columns than drivers have.
        None => Ok(()),
    }
}

fn made(key: &str, make: impl FnOnce() -> Option<Routes>) -> Option<Arc<Routes>> {
    let known = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(routes) = known().get_or_insert_default().get(key) {
        return routes.clone();
    }
    let routes = make().map(Arc::new);
    let mut known = known();
    let known = known.get_or_insert_default();
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(key.to_owned(), routes.clone());
    routes
}

fn check(u: &mut Unstructured<'_>, what: &str, routes: &Routes, agreement: Agreement) -> Result<()> {
    let params = &routes.signature().guest.params;
    let deepest = params.iter().map(|(_, ty)| ty.depth()).max().unwrap_or(0);
    let rows = match (u.arbitrary::<u8>()?, deepest) {
        // More than a slice has.
        (0, 0) => u.int_in_range(8190..=8300)?,
        (1..=15, 0 | 1) => u.int_in_range(20..=300)?,
        (few, _) => usize::from(few) % 20,
    };
    let mut budget = Budget::new(u.ratio(1, 8)?);
    let args: Vec<ColumnarValue> =
        params.iter().map(|(_, guest)| argument(u, guest, rows, &mut budget)).collect::<Result<_>>()?;
    let expected = routes.through_components(&args, rows);
    let found = routes.through_drivers(&args, rows);
    if let Some(difference) = difference(&found, &expected, agreement, budget.is_wrong) {
        panic!("{difference}\n{what}\n{rows} rows of {args:#?}");
    }
    Ok(())
}

/// How what was found differs from what was expected. `unordered`: an argument that cannot be given may be noticed before
/// or after an earlier row failed.
fn difference(found: &Outcome, expected: &Outcome, agreement: Agreement, unordered: bool) -> Option<String> {
    match (found, expected) {
        (Ok(found), Ok(expected)) => different_values(found, expected, agreement == Agreement::AllButNan),
        (Err(_), Err(_)) if unordered => None,
        // Results that are about as large as a batch may have: each counts what it holds.
        (_, Err(wrong)) | (Err(wrong), _) if wrong.text.contains("the results of one batch have") => None,
        (Err(found), Err(expected)) => {
            let same = match agreement {
                Agreement::Values => true,
                _ => found == expected,
            };
            (!same).then(|| format!("{found:?} instead of {expected:?}"))
        }
        _ => Some(format!("{found:?} instead of {expected:?}")),
    }
}

/// The first row that differs.
fn different_values(found: &ArrayRef, expected: &ArrayRef, ignore_nan: bool) -> Option<String> {
    if found.data_type() != expected.data_type() || found.len() != expected.len() {
        return Some(format!(
            "{} of {}, {} of {}",
            found.len(),
            found.data_type(),
            expected.len(),
            expected.data_type()
        ));
    }
    let both_nan = |row: usize| {
        ignore_nan
            && match found.data_type() {
                DataType::Float32 => [found, expected]
                    .iter()
                    .all(|array| array.is_valid(row) && array.as_primitive::<Float32Type>().value(row).is_nan()),
                DataType::Float64 => [found, expected]
                    .iter()
                    .all(|array| array.is_valid(row) && array.as_primitive::<Float64Type>().value(row).is_nan()),
                _ => false,
            }
    };
    let row = (0..found.len()).find(|row| found.slice(*row, 1) != expected.slice(*row, 1) && !both_nan(*row))?;
    let text = |array: &ArrayRef| {
        let options = FormatOptions::default().with_null("NULL");
        let formatter = ArrayFormatter::try_new(array, &options);
        formatter.map_or_else(|error| error.to_string(), |formatter| formatter.value(row).to_string())
    };
    Some(format!("row {row}: {} instead of {}", text(found), text(expected)))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::new_empty_array;
    use wasmfusion::fuzzing::Wrong;

    use super::*;

    #[test]
    fn results_of_the_largest_size_are_not_compared() {
        let large = |bytes: u64| {
            let text =
                format!("the results of one batch have {bytes} bytes or more, where an Arrow column holds 2 GiB");
            Err(Wrong { in_guest: false, row: None, text })
        };
        let fits: Outcome = Ok(new_empty_array(&DataType::Int64));
        let trap: Outcome = Err(Wrong { in_guest: true, row: Some(0), text: "unreachable".to_owned() });
        assert_eq!(difference(&fits, &large(2_147_531_088), Agreement::All, false), None);
        assert_eq!(difference(&large(2_147_531_088), &fits, Agreement::All, false), None);
        assert!(difference(&fits, &trap, Agreement::All, false).is_some());
    }
}

//! wasmtime alone, which is called once per row: what most engines do.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, StringArray, StringBuilder,
};
use wasmtime::{
    Engine as Wasmtime, Instance, Module, Store, WasmParams, WasmResults,
    component::{Component, ComponentNamedList, Lift, Linker, Lower},
};

use crate::{
    Case,
    data::Column,
    engine::{Call, Engine, text},
};

/// Functions of numbers of a core module.
pub(crate) struct Core {
    store: Rc<RefCell<Store<()>>>,
    instance: Instance,
}

impl Core {
    pub(crate) fn new(module: &[u8]) -> Self {
        let engine = Wasmtime::default();
        let module = Module::new(&engine, module).expect("a module");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
        Self { store: Rc::new(RefCell::new(store)), instance }
    }

    fn function<P: WasmParams + 'static, R: WasmResults + 'static>(&self, name: &str) -> impl Fn(P) -> R + 'static {
        let function = self.instance.get_typed_func::<P, R>(&mut *self.store.borrow_mut(), name).expect("a function");
        let store = Rc::clone(&self.store);
        move |params| function.call(&mut *store.borrow_mut(), params).expect("a result")
    }
}

impl Engine for Core {
    fn name(&self) -> &'static str {
        "wasmtime, core, per row"
    }

    fn prepare(&self, case: &Case, columns: &[Column]) -> Option<Box<dyn Call>> {
        match (case.name, columns) {
            ("add", [Column::I64(a), Column::I64(b)]) => {
                let function = self.function::<(i64, i64), i64>("add");
                let (a, b) = (a.clone(), b.clone());
                prepared(move || ints64(a.iter().zip(&b).map(|(a, b)| Some(function(((*a)?, (*b)?))))))
            }
            ("haversine", [Column::F64(a), Column::F64(b), Column::F64(c), Column::F64(d)]) => {
                let function = self.function::<(f64, f64, f64, f64), f64>("haversine");
                let (a, b, c, d) = (a.clone(), b.clone(), c.clone(), d.clone());
                let rows = a.len();
                prepared(move || floats((0..rows).map(|row| Some(function((a[row]?, b[row]?, c[row]?, d[row]?))))))
            }
            ("gcd", [Column::I32(a), Column::I32(b)]) => {
                let function = self.function::<(i32, i32), i32>("gcd");
                let (a, b) = (a.clone(), b.clone());
                prepared(move || ints32(a.iter().zip(&b).map(|(a, b)| Some(function(((*a)?, (*b)?))))))
            }
            ("luhn", [Column::I64(a)]) => {
                let function = self.function::<i64, i32>("luhn");
                let a = a.clone();
                prepared(move || ints32(a.iter().map(|a| Some(function((*a)?)))))
            }
            // Strings in a core module need an ABI, which is what components have.
            _ => None,
        }
    }
}

/// Functions of a component.
pub(crate) struct Components {
    store: Rc<RefCell<Store<()>>>,
    instance: wasmtime::component::Instance,
}

impl Components {
    pub(crate) fn new(component: &[u8]) -> Self {
        let engine = Wasmtime::default();
        let component = Component::new(&engine, component).expect("a component");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &component).expect("an instance");
        Self { store: Rc::new(RefCell::new(store)), instance }
    }

    fn function<P, R>(&self, name: &str) -> impl Fn(P) -> R + 'static
    where
        P: ComponentNamedList + Lower + 'static,
        R: 'static,
        (R,): ComponentNamedList + Lift,
    {
        let store = &mut *self.store.borrow_mut();
        let function = self.instance.get_typed_func::<P, (R,)>(store, name).expect("a function");
        let store = Rc::clone(&self.store);
        move |params| function.call(&mut *store.borrow_mut(), params).expect("a result").0
    }
}

impl Engine for Components {
    fn name(&self) -> &'static str {
        "wasmtime, component, per row"
    }

    fn prepare(&self, case: &Case, columns: &[Column]) -> Option<Box<dyn Call>> {
        // Without a copy of each argument: what is leaked is little.
        let texts = |index: usize| -> Vec<Option<&'static str>> {
            match &columns[index] {
                Column::Text(values) => values.iter().map(|text| text.clone().map(|text| &*text.leak())).collect(),
                other => unreachable!("{other:?}"),
            }
        };
        match (case.name, columns) {
            ("add", [Column::I64(a), Column::I64(b)]) => {
                let function = self.function::<(i64, i64), i64>("add");
                let (a, b) = (a.clone(), b.clone());
                prepared(move || ints64(a.iter().zip(&b).map(|(a, b)| Some(function(((*a)?, (*b)?))))))
            }
            ("haversine", [Column::F64(a), Column::F64(b), Column::F64(c), Column::F64(d)]) => {
                let function = self.function::<(f64, f64, f64, f64), f64>("haversine");
                let (a, b, c, d) = (a.clone(), b.clone(), c.clone(), d.clone());
                let rows = a.len();
                prepared(move || floats((0..rows).map(|row| Some(function((a[row]?, b[row]?, c[row]?, d[row]?))))))
            }
            ("gcd", [Column::I32(a), Column::I32(b)]) => {
                let function = self.function::<(i32, i32), i32>("gcd");
                let (a, b) = (a.clone(), b.clone());
                prepared(move || ints32(a.iter().zip(&b).map(|(a, b)| Some(function(((*a)?, (*b)?))))))
            }
            ("luhn", [Column::I64(a)]) => {
                let function = self.function::<(i64,), i32>("luhn");
                let a = a.clone();
                prepared(move || ints32(a.iter().map(|a| Some(function(((*a)?,))))))
            }
            ("shout", _) => {
                let (function, a) = (self.function::<(&str,), String>("shout"), texts(0));
                prepared(move || strings(a.iter().map(|a| Some(function(((*a)?,))))))
            }
            ("distance", _) => {
                let function = self.function::<(&str, &str), i32>("distance");
                let (a, b) = (texts(0), texts(1));
                prepared(move || ints32(a.iter().zip(&b).map(|(a, b)| Some(function(((*a)?, (*b)?))))))
            }
            ("is_match", _) => {
                let (function, a) = (self.function::<(&str,), bool>("is-match"), texts(0));
                prepared(move || {
                    let result: BooleanArray = a.iter().map(|a| Some(function(((*a)?,)))).collect();
                    Arc::new(result)
                })
            }
            ("field", _) => {
                let (function, a) = (self.function::<(&str,), Option<String>>("field"), texts(0));
                prepared(move || strings(a.iter().map(|a| function(((*a)?,)))))
            }
            ("sentiment", _) => {
                let (function, a) = (self.function::<(&str,), f64>("sentiment"), texts(0));
                prepared(move || floats(a.iter().map(|a| Some(function(((*a)?,))))))
            }
            ("split", _) => {
                let (function, a) = (self.function::<(&str,), Vec<String>>("split"), texts(0));
                prepared(move || {
                    let mut lists = ListBuilder::new(StringBuilder::new());
                    for &text in &a {
                        if let Some(text) = text {
                            function((text,)).iter().for_each(|part| lists.values().append_value(part));
                        }
                        lists.append(text.is_some());
                    }
                    Arc::new(lists.finish())
                })
            }
            other => unreachable!("{other:?}"),
        }
    }
}

struct Prepared<F>(F);

fn prepared<F: FnMut() -> ArrayRef + 'static>(call: F) -> Option<Box<dyn Call>> {
    Some(Box::new(Prepared(call)))
}

impl<F: FnMut() -> ArrayRef> Call for Prepared<F> {
    fn run(&mut self) {
        std::hint::black_box((self.0)());
    }

    fn rows(&mut self) -> Vec<String> {
        text(&(self.0)())
    }
}

fn ints32(values: impl Iterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(values.collect::<Int32Array>())
}

fn ints64(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn floats(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

fn strings(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

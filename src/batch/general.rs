//! The general route: any component through wasmtime's component API, one call per row with dynamic values.
//!
//! It knows every type, and is what drivers are checked against.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::arrow::buffer::NullBuffer;
use wasmtime::{
    Store,
    component::{Func, Linker, Val},
};

use super::{
    call::{Argument, Stop},
    lift::ResultSize,
    lower::Misfit,
    runtime::Runtime,
    tree,
};
use crate::{
    driver::without_imports,
    error::{Error, Result},
    image::{Code, Image, Kind},
    module::{Module, Signature, Wit},
    sandbox::{Deadline, Failure, State, failure_of, frames_of},
};

/// More idle instances than this are not kept.
const MAX_IDLE: usize = 4;

/// A function's way through the component API.
#[derive(Debug)]
pub(crate) struct General {
    /// The binary component.
    component: Arc<[u8]>,
    /// `name` or `interface#name`.
    export: String,
    memory_limit: u64,
    /// The image, kept for as long as the function lives.
    image: Mutex<Option<Arc<Image>>>,
    idle: Mutex<Vec<Instance>>,
}

/// The arguments of a batch.
#[derive(Debug)]
pub(super) struct Batch {
    args: Vec<Argument>,
    called: Option<NullBuffer>,
    image: Arc<Image>,
    /// Estimated.
    results: ResultSize,
}

/// A live component.
#[derive(Debug)]
struct Instance {
    store: Store<State>,
    function: Func,
    /// The bytes of all memories at the start.
    initial: usize,
    used: bool,
}

impl General {
    /// The general route to an export of a module: of a component as it is, of a core module wrapped in one. A component
    /// that imports WASI and could be unwrapped is wrapped anew, with local functions in the place of WASI.
    ///
    /// # Errors
    /// When a core module does not follow the conventions of its WIT.
    pub(crate) fn new(module: &Module, export: &str, memory_limit: u64) -> Result<Self> {
        let component = match (module.is_component(), module.core(), module.wit()) {
            (is_component, Some(core), Some(wit)) if !is_component || !core.imports.is_empty() => {
                wrap(&without_imports(core)?, wit)?.into()
            }
            (true, ..) => Arc::clone(module.bytes()),
            _ => return Err(Error::Signature("the general route needs a component or WIT".into())),
        };
        let (image, idle) = (Mutex::default(), Mutex::default());
        Ok(Self { component, export: export.to_owned(), memory_limit, image, idle })
    }

    pub(super) fn prepare(
        &self,
        runtime: &Runtime,
        args: &[Argument],
        called: Option<NullBuffer>,
    ) -> Result<Batch, Stop> {
        let mut kept = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        let image = match &*kept {
            Some(image) => Arc::clone(image),
            None => {
                let compiled = runtime
                    .images
                    .component(&runtime.engines, &self.component)
                    .map_err(|message| Stop::Other(Error::Compile { function: String::new(), message }))?;
                Arc::clone(kept.insert(compiled))
            }
        };
        Ok(Batch { args: args.to_vec(), called, image, results: ResultSize::default() })
    }

    /// Runs a part of the batch: a value for each row on which the function is called.
    pub(super) fn run(
        &self,
        runtime: &Runtime,
        signature: &Signature,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<Vec<Option<Val>>, Stop> {
        let _watch = runtime.engines.watch();
        let deadline = Deadline::after(runtime.timeout());
        let fresh = || self.instantiate(runtime, &batch.image, deadline);
        let mut instance = match self.take() {
            Some(instance) => instance,
            None => fresh()?,
        };
        let mut values = Vec::with_capacity(part.len());
        for row in part {
            if batch.called.as_ref().is_some_and(|called| called.is_null(row)) {
                values.push(None);
                continue;
            }
            let args = arguments(signature, batch, row)?;
            if instance.is_bloated(self.memory_limit) {
                instance = fresh()?;
            }
            let result = match instance.call(&args, deadline) {
                // As with drivers: the guest may have used up its memory with earlier rows.
                Err(error) if instance.used && !matches!(error.downcast_ref(), Some(wasmtime::Trap::Interrupt)) => {
                    instance = fresh()?;
                    instance.call(&args, deadline)
                }
                result => result,
            };
            instance.used = true;
            let result = result.map_err(|error| self.stop(runtime, Some(row), &error, instance.store.data()))?;
            let value = unwrap_result(result, signature.guest.fallible)
                .map_err(|message| Stop::at(row, Failure::Err(message)))?;
            batch.results.add(weight(&value)).map_err(Stop::Other)?;
            values.push(Some(value));
        }
        self.give(instance);
        Ok(values)
    }

    fn stop(&self, runtime: &Runtime, row: Option<usize>, error: &wasmtime::Error, state: &State) -> Stop {
        Stop::Guest {
            row,
            failure: failure_of(error, state, self.memory_limit, runtime.options.timeout_ms),
            frames: frames_of(error, |_| true),
            frames_are_partial: false,
            output: String::new(),
        }
    }

    fn instantiate(&self, runtime: &Runtime, image: &Image, deadline: Deadline) -> Result<Instance, Stop> {
        let Code::Component(component) = &image.code else { unreachable!("asked for as a component") };
        let engine = runtime.engines.get(Kind::Component);
        // Stubs of a core module have a page of their own.
        let memory_limit = usize::try_from(self.memory_limit).ok().map(|limit| limit.saturating_add(65536));
        let mut store = Store::new(engine, State { memory_limit, ..State::default() });
        store.limiter(|state| state);
        store.set_epoch_deadline(deadline.ticks());
        let mut linker = Linker::new(engine);
        let instance = linker
            .define_unknown_imports_as_traps(component)
            .and_then(|()| linker.instantiate(&mut store, component))
            .map_err(|error| self.stop(runtime, None, &error, store.data()))?;
        let function = match self.export.split_once('#') {
            None => instance.get_func(&mut store, &self.export),
            Some((interface, name)) => instance
                .get_export_index(&mut store, None, interface)
                .and_then(|index| instance.get_export_index(&mut store, Some(&index), name))
                .and_then(|index| instance.get_func(&mut store, index)),
        };
        let function = function
            .ok_or_else(|| Stop::Other(Error::Signature(format!("the component does not export {}", self.export))))?;
        let initial = store.data().memory;
        Ok(Instance { store, function, initial, used: false })
    }

    fn take(&self) -> Option<Instance> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(instance);
        }
    }
}

impl Instance {
    fn call(&mut self, args: &[Val], deadline: Deadline) -> wasmtime::Result<Val> {
        self.store.set_epoch_deadline(deadline.ticks());
        let mut result = [Val::Bool(false)];
        self.function.call(&mut self.store, args, &mut result)?;
        let [result] = result;
        Ok(result)
    }

    /// Its memories have grown past half of the limit. Some guests never free; they are replaced before they fail.
    fn is_bloated(&self, limit: u64) -> bool {
        let size = self.store.data().memory;
        size > self.initial && size as u64 > limit / 2
    }
}

fn arguments(signature: &Signature, batch: &Batch, row: usize) -> Result<Vec<Val>, Stop> {
    let mut args = Vec::with_capacity(batch.args.len());
    for (arg, (_, guest)) in batch.args.iter().zip(&signature.guest.params) {
        let at = if arg.constant { 0 } else { row };
        let value = tree::value(&arg.array, at, guest).map_err(Stop::Other)?;
        args.push(value.map_err(|message| Stop::argument(Misfit { row, message }))?);
    }
    Ok(args)
}

/// About how many bytes a value takes.
fn weight(value: &Val) -> usize {
    let below = match value {
        Val::String(text) => text.len(),
        Val::List(items) | Val::Tuple(items) => items.iter().map(weight).sum(),
        Val::Record(fields) => fields.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        Val::Option(Some(inner)) => weight(inner),
        _ => 0,
    };
    size_of::<Val>() + below
}

/// Wraps a core module that follows the conventions of its WIT in a component.
fn wrap(core: &[u8], wit: &Wit) -> Result<Vec<u8>> {
    let failed = |e: &dyn std::fmt::Display| Error::Module(format!("wrapping it in a component: {e:#}"));
    let mut bytes = core.to_vec();
    wit_component::embed_component_metadata(&mut bytes, &wit.resolve, wit.world, wit_component::StringEncoding::UTF8)
        .map_err(|e| failed(&e))?;
    let mut encoder = wit_component::ComponentEncoder::default().module(&bytes).map_err(|e| failed(&e))?;
    encoder.encode().map_err(|e| failed(&e))
}

/// The value of a result, or the message of an `err`.
fn unwrap_result(value: Val, fallible: bool) -> Result<Val, String> {
    match value {
        Val::Result(Ok(Some(value))) if fallible => Ok(*value),
        Val::Result(Err(Some(message))) if fallible => match *message {
            Val::String(message) => Err(message),
            other => Err(format!("{other:?}")),
        },
        other => Ok(other),
    }
}

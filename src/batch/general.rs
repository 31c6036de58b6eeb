//! The general route: any component through wasmtime's component API, one call per row with dynamic values.
//!
//! It knows every type, and is what drivers are checked against.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::arrow::{array::ArrayRef, buffer::NullBuffer};
use wasmtime::{
    Store,
    component::{Func, Linker, Val},
};

use super::{
    call::{Argument, Stop},
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
    idle: Mutex<Vec<Instance>>,
}

/// The arguments of a batch.
#[derive(Debug)]
pub(super) struct Batch {
    args: Vec<Argument>,
    called: Option<NullBuffer>,
}

/// A live component.
#[derive(Debug)]
struct Instance {
    image: u64,
    store: Store<State>,
    function: Func,
}

impl General {
    /// The general route to an export of a module: of a component as it is, of a core module wrapped in one.
    ///
    /// # Errors
    /// When a core module does not follow the conventions of its WIT.
    pub(crate) fn new(module: &Module, export: &str, memory_limit: u64) -> Result<Self> {
        let component = match (module.is_component(), module.core(), module.wit()) {
            (true, ..) => Arc::clone(module.bytes()),
            (false, Some(core), Some(wit)) => wrap(&without_imports(core)?, wit)?.into(),
            _ => return Err(Error::Signature("the general route needs a component or WIT".into())),
        };
        Ok(Self { component, export: export.to_owned(), memory_limit, idle: Mutex::default() })
    }

    #[expect(clippy::unused_self, reason = "the two routes have the same form")]
    pub(super) fn prepare(
        &self,
        _signature: &Signature,
        args: &[Argument],
        called: Option<NullBuffer>,
    ) -> Result<Result<Batch, Misfit>> {
        Ok(Ok(Batch { args: args.to_vec(), called }))
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
        let image = runtime
            .images
            .component(&runtime.engines, &self.component)
            .map_err(|message| Stop::Other(Error::Compile { function: String::new(), message }))?;
        let mut instance = match self.take(image.id) {
            Some(instance) => instance,
            None => self.instantiate(runtime, &image, deadline)?,
        };
        let mut values = Vec::with_capacity(part.len());
        for row in part {
            if batch.called.as_ref().is_some_and(|called| called.is_null(row)) {
                values.push(None);
                continue;
            }
            let mut args = Vec::with_capacity(batch.args.len());
            for (arg, (_, guest)) in batch.args.iter().zip(&signature.guest.params) {
                let at = if arg.constant { 0 } else { row };
                let value = tree::value(&arg.array, at, guest).map_err(Stop::Other)?;
                args.push(
                    value.map_err(|message| Stop::Other(Error::Argument { function: String::new(), row, message }))?,
                );
            }
            instance.store.set_epoch_deadline(deadline.ticks());
            let mut result = [Val::Bool(false)];
            if let Err(error) = instance.function.call(&mut instance.store, &args, &mut result) {
                return Err(self.stop(runtime, Some(row), &error, instance.store.data()));
            }
            let [result] = result;
            values.push(Some(unwrap_result(result, signature.guest.fallible).map_err(|message| Stop::Guest {
                row: Some(row),
                failure: Failure::Err(message),
                frames: Vec::new(),
                frames_are_partial: false,
                output: String::new(),
            })?));
        }
        self.give(instance);
        Ok(values)
    }

    /// The Arrow array of all rows.
    #[expect(clippy::unused_self, reason = "the two routes have the same form")]
    pub(super) fn lift(&self, signature: &Signature, values: Vec<Option<Val>>) -> Result<Result<ArrayRef, Misfit>> {
        tree::array(values, &signature.guest.result, &signature.return_type)
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
        let memory_limit = usize::try_from(self.memory_limit).ok();
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
        Ok(Instance { image: image.id, store, function })
    }

    fn take(&self, image: u64) -> Option<Instance> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().filter(|instance| instance.image == image)
    }

    fn give(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(instance);
        }
    }
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

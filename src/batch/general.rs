//! The general route: any component through wasmtime's component API, one call per row with dynamic values.
//!
//! It knows every type, and is what drivers are checked against.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, Weak},
    time::Instant,
};

use datafusion::arrow::buffer::NullBuffer;
use wasmtime::{
    Store, UpdateDeadline,
    component::{self, Func, Linker, Val},
};

use super::{
    call::{Argument, Stop},
    context::Context,
    lift::ResultSize,
    lower::Misfit,
    tree,
};
use crate::{
    driver::without_imports,
    error::{Error, Result},
    image::{Code, Deadline, Image, ImageCache, Key, Kind},
    lock::lock,
    memory::{Account, Charge},
    module::{Module, Signature, Wit},
    sandbox::{Failure, Idle, State, failure_of, frames_of, is_refusal, refusal_of},
};

/// A function's way through the component API.
#[derive(Debug)]
pub(crate) struct General {
    /// The binary component.
    component: Arc<[u8]>,
    /// `name` or `interface#name`.
    export: String,
    memory_limit: u64,
    /// The image, once it was made.
    image: Mutex<Option<(Key, Weak<Image>)>>,
    cache: Weak<ImageCache>,
}

impl Drop for General {
    fn drop(&mut self) {
        if let (Some(key), Some(cache)) = (self.key(), self.cache.upgrade()) {
            cache.forget(&key);
        }
    }
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
pub(super) struct Instance {
    store: Store<State>,
    instance: component::Instance,
    /// Kept for as long as the component runs its code.
    image: Arc<Image>,
    /// The bytes of all memories at the start.
    initial: usize,
    used: bool,
}

impl Idle for Instance {
    fn charge(&self) -> &Charge {
        &self.store.data().charge
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("image", &self.image.key).finish_non_exhaustive()
    }
}

impl General {
    /// The general route to an export of a module: of a component as it is, of a core module wrapped in one. A component
    /// that imports WASI and could be unwrapped is wrapped anew, with local functions in the place of WASI.
    ///
    /// # Errors
    /// When a core module does not follow the conventions of its WIT.
    pub(crate) fn new(module: &Module, export: &str, memory_limit: u64, cache: &Arc<ImageCache>) -> Result<Self> {
        let component = match (module.is_component(), module.core(), module.wit()) {
            (is_component, Some(core), Some(wit)) if !is_component || !core.imports.is_empty() => {
                wrap(&without_imports(core)?, wit)?.into()
            }
            (true, ..) => Arc::clone(module.bytes()),
            _ => return Err(Error::Signature("the general route needs a component or WIT".into())),
        };
        let cache = Arc::downgrade(cache);
        Ok(Self { component, export: export.to_owned(), memory_limit, image: Mutex::default(), cache })
    }

    /// Its image, as a file would have it.
    ///
    /// # Errors
    /// As [`ImageCache::image`].
    pub(crate) fn compiled(&self, cache: &ImageCache, account: &Account) -> Result<Arc<Image>> {
        cache.image(Kind::Component, &self.component, account)
    }

    /// What its image is known by, once it was made.
    pub(crate) fn key(&self) -> Option<Key> {
        self.known().as_ref().map(|(key, _)| *key)
    }

    fn known(&self) -> MutexGuard<'_, Option<(Key, Weak<Image>)>> {
        lock(&self.image)
    }

    pub(super) fn image(&self, context: &Context<'_>) -> Result<Arc<Image>, Stop> {
        let cache = &context.runtime.images;
        let known = self.known().clone();
        if let Some(image) = known.as_ref().and_then(|(_, image)| cache.still(image)) {
            return Ok(image);
        }
        // By its key when that is known: hashing a large component takes its time.
        let again = known.map(|(key, _)| cache.again(key, context.account)).transpose();
        let image = match again.map_err(Stop::Other)?.flatten() {
            Some(image) => image,
            None => cache.image(Kind::Component, &self.component, context.account).map_err(Stop::Other)?,
        };
        *self.known() = Some((image.key, Arc::downgrade(&image)));
        Ok(image)
    }

    pub(super) fn prepare(image: Arc<Image>, args: &[Argument], called: Option<NullBuffer>) -> Batch {
        Batch { args: args.to_vec(), called, image, results: ResultSize::default() }
    }

    /// Runs a part of the batch: a value for each row on which the function is called. Values are converted row by row
    /// inside of wasmtime's calls, so all of it counts as time in Wasm.
    pub(super) fn run(
        &self,
        context: &Context<'_>,
        signature: &Signature,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<Vec<Option<Val>>, Stop> {
        context.in_wasm(|| self.rows(context, signature, batch, part))
    }

    fn rows(
        &self,
        context: &Context<'_>,
        signature: &Signature,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<Vec<Option<Val>>, Stop> {
        let _watch = context.runtime.engines().watch();
        let deadline = context.deadline();
        let fresh = || self.instantiate(context, &batch.image, &deadline);
        let pool = context.pools.map(|pools| &pools.general);
        let idle = pool.and_then(|pool| pool.take(&batch.image, self.memory_limit, context.account.pool()));
        let mut instance = match idle {
            Some(instance) => instance,
            None => fresh()?,
        };
        let mut function = self.function(&mut instance)?;
        let mut values = Vec::with_capacity(part.len());
        for row in part {
            context.check()?;
            if batch.called.as_ref().is_some_and(|called| called.is_null(row)) {
                values.push(None);
                continue;
            }
            let args = arguments(signature, batch, row)?;
            if instance.is_bloated(self.memory_limit) {
                drop(instance);
                instance = fresh()?;
                function = self.function(&mut instance)?;
            }
            let result = match instance.call(function, &args, &deadline) {
                // As with drivers: the guest may have used up its memory with earlier rows.
                Err(error) if instance.used && may_go_better(&error) => {
                    drop(instance);
                    instance = fresh()?;
                    function = self.function(&mut instance)?;
                    instance.call(function, &args, &deadline)
                }
                result => result,
            };
            instance.used = true;
            let result = result.map_err(|error| self.stop(context, Some(row), error, instance.store.data()))?;
            let value = unwrap_result(result, signature.guest.fallible)
                .map_err(|message| Stop::at(row, Failure::Err(message)))?;
            batch.results.add(weight(&value)).map_err(Stop::Other)?;
            values.push(Some(value));
        }
        if let Some(pool) = pool
            && !instance.is_bloated(self.memory_limit)
        {
            pool.give(&batch.image, self.memory_limit, instance);
        }
        Ok(values)
    }

    fn stop(&self, context: &Context<'_>, row: Option<usize>, error: wasmtime::Error, state: &State) -> Stop {
        match refusal_of(error) {
            Ok(refusal) => Stop::Other(Error::refused(refusal)),
            Err(error) => Stop::Guest {
                row,
                failure: failure_of(&error, state, self.memory_limit, context.timeout_ms),
                frames: frames_of(&error, |_| true),
                frames_are_partial: false,
                output: String::new(),
            },
        }
    }

    fn instantiate(
        &self,
        context: &Context<'_>,
        image: &Arc<Image>,
        deadline: &Deadline,
    ) -> Result<Box<Instance>, Stop> {
        let Code::Component(component) = &image.code else { unreachable!("asked for as a component") };
        let engine = context.runtime.engines().get(Kind::Component);
        // Stubs of a core module have a page of their own.
        let memory_limit = usize::try_from(self.memory_limit).ok().map(|limit| limit.saturating_add(65536));
        let mut store = Store::new(engine, context.state());
        store.data_mut().memory_limit = memory_limit;
        store.limiter(|state| state);
        store.epoch_deadline_callback(|store| match store.data().deadline.is_over(Instant::now()) {
            true => Ok(UpdateDeadline::Interrupt),
            false => Ok(UpdateDeadline::Continue(1)),
        });
        begin(&mut store, deadline);
        let mut linker = Linker::new(engine);
        let instance = linker
            .define_unknown_imports_as_traps(component)
            .and_then(|()| linker.instantiate(&mut store, component))
            .map_err(|error| self.stop(context, None, error, store.data()))?;
        let initial = store.data().memory;
        Ok(Box::new(Instance { store, instance, image: Arc::clone(image), initial, used: false }))
    }

    /// The function in an instance. Others may have used the instance for other functions of the component.
    fn function(&self, Instance { store, instance, .. }: &mut Instance) -> Result<Func, Stop> {
        let function = match self.export.split_once('#') {
            None => instance.get_func(&mut *store, &self.export),
            Some((interface, name)) => instance
                .get_export_index(&mut *store, None, interface)
                .and_then(|index| instance.get_export_index(&mut *store, Some(&index), name))
                .and_then(|index| instance.get_func(&mut *store, index)),
        };
        function.ok_or_else(|| Stop::Other(Error::Signature(format!("the component does not export {}", self.export))))
    }
}

/// Lets the guest of a store run until a deadline, at which it looks with every tick of the clock.
fn begin(store: &mut Store<State>, deadline: &Deadline) {
    store.data_mut().deadline = deadline.clone();
    store.set_epoch_deadline(1);
}

/// A call that failed in a sandbox that was used before is worth another try in a fresh one.
fn may_go_better(error: &wasmtime::Error) -> bool {
    !matches!(error.downcast_ref(), Some(wasmtime::Trap::Interrupt)) && !is_refusal(error)
}

impl Instance {
    fn call(&mut self, function: Func, args: &[Val], deadline: &Deadline) -> wasmtime::Result<Val> {
        begin(&mut self.store, deadline);
        let mut result = [Val::Bool(false)];
        function.call(&mut self.store, args, &mut result)?;
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

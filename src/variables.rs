//! The variables of an engine: `wasm.…` in SQL, [`EngineOptions`] at start.

use std::{
    ffi::OsString,
    fmt::Display,
    ops::RangeInclusive,
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use crate::error::{Error, Result};

/// What the name of every variable begins with in SQL.
pub(crate) const PREFIX: &str = "wasm";

/// The folder of the plancache within the data folder, and the variable that says another one.
pub(crate) const PLANCACHE: &str = "plancache";

/// A folder, which is given at start only: the name of its variable without the prefix, what it is, and which it is.
type Folder = (&'static str, &'static str, fn(&EngineOptions) -> Option<&PathBuf>);

/// The variables that are folders.
pub(crate) const FOLDERS: [Folder; 2] = [
    (PLANCACHE, "The folder in which compiled images outlive the process. Given at start.", |o| o.plancache.as_ref()),
    ("data_dir", "The folder in which functions, modules and extensions outlive the process. Given at start.", |o| {
        o.data_dir.as_ref()
    }),
];

/// A type of variable; all are kept as words.
trait Value: Copy {
    /// How each value is written, first as it is shown; empty for numbers.
    const SPELLINGS: &'static [&'static [&'static str]];
    fn from_word(word: u64) -> Self;
    fn word(self) -> u64;
}

impl Value for u64 {
    const SPELLINGS: &'static [&'static [&'static str]] = &[];

    fn from_word(word: u64) -> Self {
        word
    }

    fn word(self) -> u64 {
        self
    }
}

impl Value for bool {
    const SPELLINGS: &'static [&'static [&'static str]] = &[&["false", "off", "0"], &["true", "on", "1"]];

    fn from_word(word: u64) -> Self {
        word != 0
    }

    fn word(self) -> u64 {
        self.into()
    }
}

/// Who shares sandboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SandboxScope {
    /// All queries of an engine, one after the other: what a guest leaves in its memory may be there in a later query.
    Engine,
    /// The calls of one query: each begins with fresh sandboxes.
    Query,
}

impl Value for SandboxScope {
    const SPELLINGS: &'static [&'static [&'static str]] = &[&["engine"], &["query"]];

    fn from_word(word: u64) -> Self {
        if word == 0 { Self::Engine } else { Self::Query }
    }

    fn word(self) -> u64 {
        self as u64
    }
}

/// What is known of a variable.
#[derive(Debug)]
pub(crate) struct Variable {
    /// Without the prefix.
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    spellings: &'static [&'static [&'static str]],
    range: RangeInclusive<u64>,
    option: fn(&EngineOptions) -> u64,
    set_option: fn(&mut EngineOptions, u64),
    now: fn(&Variables) -> &AtomicU64,
}

/// Declares each variable once: as an option, as a variable that can change, and by its name in SQL.
macro_rules! variables {
    ($(#[doc = $doc:literal] $name:ident: $type:ty = $default:expr, $range:expr;)+) => {
        /// The variables of an engine at its start, each with the name that it has in SQL as `wasm.…`; all but
        /// the folders can be changed later with `SET`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct EngineOptions {
            $(#[doc = $doc] pub $name: $type,)+
            /// The folder in which compiled images outlive the process; `None` for no such folder. It is made if it
            /// does not exist, and must not be open to other users.
            pub plancache: Option<PathBuf>,
            /// The folder in which functions, their modules and extensions outlive the process, and in which `plancache`
            /// is if that is not given; `None` when they live in memory only. It is made if it does not exist.
            pub data_dir: Option<PathBuf>,
            /// The program that compiles modules, in processes of its own that can be ended, and its first arguments: the
            /// `wasmfusion` command, or another that calls [`run_compiler`](crate::run_compiler). Empty to compile in this
            /// process, where `compile_timeout_ms` ends the waiting but not the work, and `max_compile_memory_mb` says
            /// nothing.
            pub compiler: Vec<OsString>,
        }

        impl Default for EngineOptions {
            fn default() -> Self {
                Self { $($name: $default,)+ plancache: None, data_dir: None, compiler: Vec::new() }
            }
        }

        /// The variables of an engine as they are now.
        #[derive(Debug)]
        pub(crate) struct Variables {
            $($name: AtomicU64,)+
            start: EngineOptions,
        }

        impl Variables {
            /// # Errors
            /// When an option is out of its range.
            pub(crate) fn new(start: EngineOptions) -> Result<Self> {
                for variable in &VARIABLES {
                    variable.check((variable.option)(&start))?;
                }
                Ok(Self { $($name: start.$name.word().into(),)+ start })
            }

            $(pub(crate) fn $name(&self) -> $type {
                <$type>::from_word(self.$name.load(Ordering::Relaxed))
            })+
        }

        /// All variables that can change.
        pub(crate) static VARIABLES: [Variable; [$(stringify!($name)),+].len()] = [$(Variable {
            name: stringify!($name),
            description: $doc.trim_ascii(),
            spellings: <$type as Value>::SPELLINGS,
            range: $range,
            option: |options| options.$name.word(),
            set_option: |options, word| options.$name = Value::from_word(word),
            now: |variables| &variables.$name,
        }),+];
    };
}

/// A day in milliseconds.
const DAY: u64 = 86_400_000;

variables! {
    /// Whether functions can be created and called. Default true.
    enabled: bool = true, 0..=1;
    /// The most bytes that a sandbox's linear memory may have, GROW TO included; for functions that are created from now on. Default 1 GiB.
    max_linear_memory_size: u64 = 1 << 30, 1 << 16..=1 << 32;
    /// The most bytes that a module may have. Default 25 MiB.
    max_raw_module_size: u64 = 25 << 20, 1..=1 << 30;
    /// The most bytes that an image, the compiled code of a module, may have. Default 100 MiB.
    max_compiled_module_size: u64 = 100 << 20, 1..=1 << 34;
    /// The longest time in milliseconds that compiling a module may take; 0 for no limit. Default 120,000.
    compile_timeout_ms: u64 = 120_000, 0..=DAY;
    /// The most MiB of memory that compiling a module may take, when there is a program for it; 0 for no limit. Default 4096.
    max_compile_memory_mb: u64 = 4096, 0..=1 << 24;
    /// Whether modules can be read from URLs and object stores. Default false.
    create_from_url: bool = false, 0..=1;
    /// Whether a new function may take the name of one of DataFusion's own, which comes back when it is dropped. Default false.
    shadow_built_in: bool = false, 0..=1;
    /// The longest time in milliseconds that one batch may hold one sandbox; 0 for no limit. Default 30,000.
    timeout_ms: u64 = 30_000, 0..=DAY;
    /// Images are evicted from memory while they have more MiB than this; 0 when this limit is not set. Default 0.
    compiled_images_eviction_memory_limit_mb: u64 = 0, 0..=1 << 24;
    /// The same limit in percent of the machine's memory; 0 when this limit is not set. The smaller of the limits that are set counts. Default 5.
    compiled_images_eviction_memory_limit_percent: u64 = 5, 0..=100;
    /// The most MiB that images may have in the plancache; 0 for no limit. Default 1024.
    plancache_limit_mb: u64 = 1024, 0..=1 << 24;
    /// How long, in milliseconds, a sandbox is kept that nobody uses. Default 60,000.
    sandbox_idle_ms: u64 = 60_000, 0..=DAY;
    /// Who shares sandboxes: the queries of the engine one after the other, or only the calls of one query, which then begins with fresh ones. Default engine.
    sandbox_scope: SandboxScope = SandboxScope::Engine, 0..=1;
    /// How many workers may share one batch; 0 for as many as there are cores. Default 0.
    parallelism: u64 = 0, 0..=1024;
}

impl Variable {
    /// With the prefix.
    pub(crate) fn full_name(&self) -> String {
        format!("{PREFIX}.{}", self.name)
    }

    fn check(&self, word: u64) -> Result<u64> {
        if self.range.contains(&word) { Ok(word) } else { Err(self.refused(word)) }
    }

    fn parse(&self, text: &str) -> Result<u64> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("default") {
            let name = self.full_name();
            return Err(Error::Variable(format!("{name}: RESET {name} gives it the value that it had at start")));
        }
        let is_spelt = |spellings: &&[&str]| spellings.iter().any(|spelling| spelling.eq_ignore_ascii_case(text));
        let word = match self.spellings {
            [] => text.parse().ok(),
            values => values.iter().position(is_spelt).map(|word| word as u64),
        };
        word.ok_or_else(|| self.refused(text)).and_then(|word| self.check(word))
    }

    fn refused(&self, given: impl Display) -> Error {
        let needed = match self.spellings {
            [] => format!("a whole number from {} to {}", self.range.start(), self.range.end()),
            values => values.iter().rev().map(|spellings| spellings[0]).collect::<Vec<_>>().join(" or "),
        };
        Error::Variable(format!("{} cannot be '{given}'; it takes {needed}", self.full_name()))
    }

    fn text(&self, word: u64) -> String {
        match self.spellings.get(word as usize) {
            Some(spellings) => spellings[0].to_owned(),
            None => word.to_string(),
        }
    }
}

/// The variable of a name, with or without the prefix.
fn find(name: &str) -> Result<&'static Variable> {
    let name = name.to_ascii_lowercase();
    let short = name.strip_prefix("wasm.").unwrap_or(&name);
    VARIABLES.iter().find(|variable| variable.name == short).ok_or_else(|| {
        if FOLDERS.iter().any(|(name, ..)| *name == short) {
            let option = short.replace('_', "-");
            return Error::Variable(format!(
                "{PREFIX}.{short} can only be given when the engine starts, with --{option} or in EngineOptions"
            ));
        }
        let names: Vec<_> = VARIABLES.iter().map(|variable| variable.name).collect();
        let there_are = format!("there are {}", names.join(", "));
        Error::Variable(match short {
            "" | PREFIX => format!("a variable is named {PREFIX}.…; {there_are}"),
            _ => format!("there is no variable {PREFIX}.{short}; {there_are}"),
        })
    })
}

impl EngineOptions {
    /// Sets a variable by its name in SQL, with or without `wasm.`, to a value as `SET` takes it.
    ///
    /// # Errors
    /// When there is no such variable, or the value is out of its range.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let variable = find(name)?;
        (variable.set_option)(self, variable.parse(value)?);
        Ok(())
    }
}

impl Variables {
    /// Changes a variable.
    ///
    /// # Errors
    /// As [`EngineOptions::set`].
    pub(crate) fn set(&self, name: &str, value: &str) -> Result<()> {
        let variable = find(name)?;
        (variable.now)(self).store(variable.parse(value)?, Ordering::Relaxed);
        Ok(())
    }

    /// Gives a variable the value that it had at start.
    ///
    /// # Errors
    /// When there is no such variable.
    pub(crate) fn reset(&self, name: &str) -> Result<()> {
        let variable = find(name)?;
        (variable.now)(self).store((variable.option)(&self.start), Ordering::Relaxed);
        Ok(())
    }

    /// The value of a variable as `SHOW` gives it.
    pub(crate) fn show(&self, variable: &Variable) -> String {
        variable.text((variable.now)(self).load(Ordering::Relaxed))
    }

    /// What was given at start.
    pub(crate) fn start(&self) -> &EngineOptions {
        &self.start
    }

    /// The folder of the plancache.
    pub(crate) fn plancache(&self) -> Option<&PathBuf> {
        self.start.plancache.as_ref()
    }

    /// The program that compiles.
    pub(crate) fn compiler(&self) -> &[OsString] {
        &self.start.compiler
    }

    /// The most bytes of images in the plancache; `None` when there is no limit.
    pub(crate) fn plancache_limit(&self) -> Option<u64> {
        let mebibytes = self.plancache_limit_mb();
        (mebibytes > 0).then_some(mebibytes << 20)
    }

    /// # Errors
    /// When `wasm.enabled` is false.
    pub(crate) fn check_enabled(&self) -> Result<()> {
        match self.enabled() {
            true => Ok(()),
            false => Err(Error::Statement("WebAssembly functions are switched off (wasm.enabled is false)".into())),
        }
    }

    /// The most bytes of images before some are evicted; `None` when there is no limit.
    pub(crate) fn eviction_limit(&self) -> Option<u64> {
        let mebibytes = self.compiled_images_eviction_memory_limit_mb();
        let percent = self.compiled_images_eviction_memory_limit_percent();
        let absolute = (mebibytes > 0).then_some(mebibytes << 20);
        let relative = machine_memory().filter(|_| percent > 0).map(|memory| memory / 100 * percent);
        absolute.into_iter().chain(relative).min()
    }
}

/// The memory of the machine in bytes, or of the container if that is less; `None` when it cannot be told.
fn machine_memory() -> Option<u64> {
    static MEMORY: OnceLock<Option<u64>> = OnceLock::new();
    *MEMORY.get_or_init(|| {
        let what = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(what)
            .inspect_err(|error| tracing::warn!(%error, "the size of the machine's memory is not known"))
            .ok()?;
        let container = system.cgroup_limits().map(|limits| limits.total_memory).filter(|memory| *memory > 0);
        Some(container.map_or(system.total_memory(), |memory| memory.min(system.total_memory())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(options: EngineOptions) -> Variables {
        Variables::new(options).unwrap()
    }

    #[test]
    fn what_is_set_can_be_reset_to_the_value_at_start() {
        let variables = variables(EngineOptions { timeout_ms: 7, ..EngineOptions::default() });
        variables.set("wasm.timeout_ms", "100").unwrap();
        assert_eq!(variables.timeout_ms(), 100);
        variables.reset("timeout_ms").unwrap();
        assert_eq!(variables.timeout_ms(), 7);
    }

    #[test]
    fn every_variable_takes_its_bounds_and_nothing_beyond() {
        let variables = variables(EngineOptions::default());
        for variable in &VARIABLES {
            for bound in [*variable.range.start(), *variable.range.end()] {
                variables.set(variable.name, &variable.text(bound)).unwrap();
                assert_eq!(variables.show(variable), variable.text(bound));
            }
            for absurd in ["-1", "", "1.5", "many", &(variable.range.end() + 1).to_string()] {
                let error = variables.set(variable.name, absurd).unwrap_err().to_string();
                assert!(error.contains(&variable.full_name()) && error.contains("takes"), "{error}");
            }
        }
    }

    #[test]
    fn options_out_of_range_are_refused() {
        let options = EngineOptions { compiled_images_eviction_memory_limit_percent: 101, ..EngineOptions::default() };
        let error = Variables::new(options).unwrap_err().to_string();
        assert!(error.contains("percent cannot be '101'") && error.contains("from 0 to 100"), "{error}");
        assert!(EngineOptions::default().set("wasm.timeout", "1").unwrap_err().to_string().contains("timeout_ms"));
    }

    #[test]
    fn the_smaller_limit_counts() {
        let variables = variables(EngineOptions::default());
        assert_eq!(variables.eviction_limit(), Some(machine_memory().unwrap() / 100 * 5));
        variables.set("compiled_images_eviction_memory_limit_mb", "1").unwrap();
        assert_eq!(variables.eviction_limit(), Some(1 << 20));
        variables.set("compiled_images_eviction_memory_limit_mb", "16777216").unwrap();
        assert_eq!(variables.eviction_limit(), Some(machine_memory().unwrap() / 100 * 5));
        variables.set("compiled_images_eviction_memory_limit_mb", "0").unwrap();
        variables.set("compiled_images_eviction_memory_limit_percent", "0").unwrap();
        assert_eq!(variables.eviction_limit(), None);
    }
}

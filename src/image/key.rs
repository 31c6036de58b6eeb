//! What an image is known by.

use std::{
    fmt::{self, Write},
    hash::{DefaultHasher, Hash, Hasher},
};

use sha2::{Digest, Sha256};

use super::engines::{Engines, Kind};

/// The hash of the assembled module or of the component, how it was compiled, and for what: version and settings of the
/// compiler and the features of the processor.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    content: [u8; 32],
    kind: Kind,
    compatibility: u64,
}

impl Key {
    /// Of [`Self::bytes`].
    pub(super) const SIZE: usize = 32 + 8 + 8;

    pub(super) fn new(engines: &Engines, kind: Kind, bytes: &[u8]) -> Self {
        // Another release of Rust may hash differently; then images are compiled again, as they are for another release
        // of wasmtime.
        let mut hasher = DefaultHasher::new();
        engines.get(kind).precompile_compatibility_hash().hash(&mut hasher);
        Self { content: Sha256::digest(bytes).into(), kind, compatibility: hasher.finish() }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..32].copy_from_slice(&self.content);
        bytes[32..40].copy_from_slice(&(self.kind as u64).to_le_bytes());
        bytes[40..].copy_from_slice(&self.compatibility.to_le_bytes());
        bytes
    }

    /// The key whose file has this name, if it is one of this machine and this version.
    pub(super) fn named(engines: &Engines, name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let content = (0..64).step_by(2).map(|at| u8::from_str_radix(name.get(at..at + 2)?, 16).ok());
        let content = content.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
        let kind = parts.nth(1)?.parse::<u64>().ok()?;
        let kind = [Kind::Drivers, Kind::Replay, Kind::Component].into_iter().find(|known| *known as u64 == kind)?;
        let key = Self { content, ..Self::new(engines, kind, &[]) };
        (key.file_name() == name).then_some(key)
    }

    /// Whether a file's name begins as [`Self::file_name`].
    pub(super) fn begins(name: &str) -> bool {
        let mut parts = name.split(['-', '.']);
        let mut is_hex = |digits| {
            parts.next().is_some_and(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        is_hex(64) && is_hex(1) && is_hex(16)
    }

    /// The name of its file, without extension.
    pub(super) fn file_name(&self) -> String {
        let mut name = String::with_capacity(2 * Self::SIZE);
        for byte in self.content {
            let _ = write!(name, "{byte:02x}");
        }
        let _ = write!(name, "-{}-{:016x}", self.kind as u64, self.compatibility);
        name
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name())
    }
}

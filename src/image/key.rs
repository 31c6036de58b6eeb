//! What an image is known by.

use std::{
    fmt,
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
        let mut content = [0; 32];
        hex::decode_to_slice(parts.next()?, &mut content).ok()?;
        let kind = parts.next()?.parse::<u64>().ok()?;
        let kind = Kind::ALL.into_iter().find(|known| *known as u64 == kind)?;
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
    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}-{:016x}", hex::encode(self.content), self.kind as u64, self.compatibility)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name())
    }
}

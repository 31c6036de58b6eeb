//! The plancache: images as files, so that a module is compiled once and not once per process.
//!
//! A file has a header and the code as wasmtime serialises it. Running altered code would be the end of all safety, so
//! the folder is open to its owner only, the header names what the code was made from, how and for what machine, and a
//! checksum over all of it is compared before anything else looks at the code. Files appear under their name only when
//! they are whole. Nothing needs a lock: processes that share a folder at worst do the same work twice.

use std::{
    fs::{self, DirBuilder, File, Metadata},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use tempfile::NamedTempFile;

use super::key::Key;
use crate::{
    error::{Error, Result},
    lock::lock,
    whole,
};

/// What every file begins with; the last character is the version of the format.
const MAGIC: &[u8; 8] = b"WFIMAGE1";

/// Magic, key and length of the code.
const CHECKED: usize = MAGIC.len() + Key::SIZE + 8;

/// What stands before the code: the above and the checksum of the above and the code.
const HEADER: usize = CHECKED + blake3::OUT_LEN;

/// Temporary files that are older were left by a process that died.
const ABANDONED: Duration = Duration::from_secs(3600);

const IMAGE: &str = ".image";
const TEMPORARY: &str = ".image.tmp";

/// A folder of images.
#[derive(Debug)]
pub(super) struct Plancache {
    folder: PathBuf,
    /// The limit that was kept last, in bytes. A folder that was just opened may exceed every limit.
    limit: Mutex<Option<Option<u64>>>,
}

impl Plancache {
    /// Opens a folder, and makes it when it does not exist.
    ///
    /// # Errors
    /// When it cannot be used, or not without others being able to change what is in it.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let refused = |why: String| Error::Plancache { folder: folder.display().to_string(), message: why };
        let failed = |error: io::Error| refused(error.to_string());
        if folder.exists() && !folder.is_dir() {
            return Err(refused("it is not a folder".to_owned()));
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed)?;
        // Where it is must not change with the working folder or with a link.
        let plancache = Self { folder: folder.canonicalize().map_err(failed)?, limit: Mutex::default() };
        // Fails here, not at the first image, when nothing can be written.
        let probe = plancache.temporary("probe").map_err(failed)?;
        #[cfg(unix)]
        if let Some(why) = not_private(&plancache.folder, probe.as_file()).map_err(failed)? {
            return Err(refused(why));
        }
        drop(probe);
        Ok(plancache)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(key.file_name() + IMAGE)
    }

    /// A file that nobody else uses, which is removed unless it gets another name.
    fn temporary(&self, name: &str) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(&format!("{name}.")).suffix(TEMPORARY).tempfile_in(&self.folder)
    }

    /// The code of an image, if it is there and whole. What is there and not whole is removed.
    pub(super) fn load(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        match read(&path, key) {
            Ok(Ok(code)) => return Some(code),
            Ok(Err(why)) => self.remove(key, why),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %path.display(), %error, "cannot read a compiled image"),
        }
        None
    }

    /// Removes a file that is of no use.
    pub(super) fn remove(&self, key: &Key, why: &str) {
        let path = self.path(key);
        tracing::warn!(path = %path.display(), why, "a compiled image is not used");
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot remove it");
        }
    }

    /// Keeps the code of an image, and removes the images that were not used for longest while there are more bytes
    /// than `limit`. What goes wrong is logged: an image can be used without being kept.
    pub(super) fn store(&self, key: &Key, code: &[u8], limit: Option<u64>) {
        if limit.is_none_or(|limit| (HEADER + code.len()) as u64 <= limit)
            && let Err(error) = self.write(key, code)
        {
            tracing::warn!(folder = %self.folder.display(), %error, "cannot keep a compiled image");
        }
        self.trim(limit);
    }

    fn write(&self, key: &Key, code: &[u8]) -> io::Result<()> {
        whole::write(self.temporary(&key.file_name())?, &[&header(key, code), code], &self.path(key))
    }

    /// Removes images when the limit is another one than it was.
    pub(super) fn keep_limit(&self, limit: Option<u64>) {
        let mut kept = lock(&self.limit);
        if *kept != Some(limit) {
            *kept = Some(limit);
            self.trim(limit);
        }
    }

    fn trim(&self, limit: Option<u64>) {
        let mut images = match self.images() {
            Ok(images) => images,
            Err(error) => {
                tracing::warn!(folder = %self.folder.display(), %error, "cannot look for compiled images to remove");
                return;
            }
        };
        images.sort();
        let mut total: u64 = images.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in images {
            if limit.is_none_or(|limit| total <= limit) {
                break;
            }
            match fs::remove_file(&path) {
                // Another process may have removed it.
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(path = %path.display(), %error, "cannot remove a compiled image");
                }
                _ => {
                    tracing::debug!(path = %path.display(), "removed a compiled image from the plancache");
                    total -= size;
                }
            }
        }
    }

    /// The images: when they were used last, their sizes in bytes and their paths. What died processes left is removed;
    /// what is not ours is left alone.
    fn images(&self) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
        let mut images = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another process may have removed it.
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| metadata.is_file() && Key::begins(name)) else { continue };
            let used = metadata.modified()?;
            if name.ends_with(IMAGE) {
                images.push((used, metadata.len(), entry.path()));
            } else if name.ends_with(TEMPORARY) && used.elapsed().is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(images)
    }
}

/// Why a folder is not private, if it is not. An empty one is made so. The probe was just made in it.
#[cfg(unix)]
fn not_private(folder: &Path, probe: &File) -> io::Result<Option<String>> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let metadata = fs::metadata(folder)?;
    if metadata.uid() != probe.metadata()?.uid() {
        return Ok(Some("it belongs to another user; name a folder of your own".to_owned()));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(None);
    }
    // From here on nobody else can put anything in. What is there already may be somebody else's.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    if fs::read_dir(folder)?.count() == 1 {
        return Ok(None);
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))?;
    Ok(Some(format!("other users can get into it (mode {mode:o}), and it is not empty; name a new folder")))
}

/// Whether nobody but the owner of this process can have written a file.
#[cfg(unix)]
fn is_own(file: &Metadata, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    // The folder's owner was compared with this process when it was opened.
    let folder = fs::metadata(path.parent().expect("a file is in a folder"))?;
    Ok(file.is_file() && file.uid() == folder.uid() && file.mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_own(file: &Metadata, _: &Path) -> io::Result<bool> {
    Ok(file.is_file())
}

/// The code in a file, or why it is not to be used.
fn read(path: &Path, key: &Key) -> io::Result<Result<Vec<u8>, &'static str>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !is_own(&metadata, path)? {
        return Ok(Err("others can have written it"));
    }
    let Some(length) = metadata.len().checked_sub(HEADER as u64) else { return Ok(Err("it is cut off")) };
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    let (checked, sum) = header.split_at(CHECKED);
    if checked != prefix(key, length) {
        return Ok(Err("it is cut off, altered, or not the image of this name"));
    }
    let mut code = Vec::new();
    code.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
    file.take(length).read_to_end(&mut code)?;
    if checksum(checked, &code).as_bytes() != sum {
        return Ok(Err("it is altered"));
    }
    // The order of eviction. Not being able to say so does no harm.
    let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    Ok(Ok(code))
}

/// What stands before the code.
fn header(key: &Key, code: &[u8]) -> Vec<u8> {
    let prefix = prefix(key, code.len() as u64);
    let sum = checksum(&prefix, code);
    [prefix.as_slice(), sum.as_bytes()].concat()
}

/// The content of an image's file.
pub(super) fn file(key: &Key, code: &[u8]) -> Vec<u8> {
    [&header(key, code), code].concat()
}

/// The code in the content of an image's file, if that is whole.
pub(super) fn code_of<'a>(key: &Key, file: &'a [u8]) -> Option<&'a [u8]> {
    let (found, code) = file.split_at_checked(HEADER)?;
    (found == header(key, code)).then_some(code)
}

fn prefix(key: &Key, length: u64) -> Vec<u8> {
    [MAGIC.as_slice(), &key.bytes(), &length.to_le_bytes()].concat()
}

fn checksum(prefix: &[u8], code: &[u8]) -> blake3::Hash {
    blake3::Hasher::new().update(prefix).update(code).finalize()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;
    use crate::image::{Engines, Kind};

    struct Scene {
        folder: TempDir,
        engines: Engines,
        plancache: Plancache,
    }

    impl Scene {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let plancache = Plancache::open(folder.path()).unwrap();
            Self { folder, engines: Engines::new().unwrap(), plancache }
        }

        fn key(&self, content: &str) -> Key {
            Key::new(&self.engines, Kind::Drivers, content.as_bytes())
        }

        fn files(&self) -> usize {
            fs::read_dir(self.folder.path()).unwrap().count()
        }
    }

    #[test]
    fn what_is_stored_can_be_loaded_under_its_key_only() {
        let scene = Scene::new();
        let key = scene.key("a");
        scene.plancache.store(&key, b"code", None);
        assert_eq!(scene.plancache.load(&key).unwrap(), b"code");
        assert_eq!(scene.plancache.load(&scene.key("b")), None);
        assert_eq!(scene.plancache.load(&Key::new(&scene.engines, Kind::Replay, b"a")), None);
        fs::rename(scene.plancache.path(&key), scene.plancache.path(&scene.key("b"))).unwrap();
        assert_eq!(scene.plancache.load(&scene.key("b")), None);
        assert_eq!(scene.files(), 0, "what is of no use is removed");
    }

    #[test]
    fn no_altered_byte_goes_unnoticed() {
        let scene = Scene::new();
        let key = scene.key("a");
        let code: Vec<u8> = (0..1000_u32).map(|index| (index * 7) as u8).collect();
        scene.plancache.store(&key, &code, None);
        let path = scene.plancache.path(&key);
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.len(), HEADER + code.len());
        for position in 0..whole.len() {
            for bit in 0..8 {
                let mut altered = whole.clone();
                altered[position] ^= 1 << bit;
                fs::write(&path, altered).unwrap();
                assert_eq!(scene.plancache.load(&key), None, "bit {bit} of byte {position}");
                assert!(!path.exists());
            }
            fs::write(&path, &whole[..position]).unwrap();
            assert_eq!(scene.plancache.load(&key), None, "cut off at {position}");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(scene.plancache.load(&key).unwrap(), code);
    }

    #[test]
    fn the_image_that_was_not_used_for_longest_goes_first() {
        let scene = Scene::new();
        let keys: Vec<Key> = ["a", "b", "c"].map(|content| scene.key(content)).into();
        let code = vec![0; 1000];
        for (index, key) in keys.iter().enumerate() {
            scene.plancache.store(key, &code, None);
            let file = File::open(scene.plancache.path(key)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(100 - index as u64)).unwrap();
        }
        scene.plancache.load(&keys[0]).unwrap();
        let abandoned = scene.plancache.temporary(&keys[0].file_name()).unwrap().keep().unwrap().0;
        abandoned.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        let other = File::create(scene.folder.path().join("other.image")).unwrap();
        other.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        scene.plancache.store(&scene.key("d"), &code, Some(3500));
        let there: Vec<bool> = keys.iter().map(|key| scene.plancache.path(key).exists()).collect();
        assert_eq!(there, [true, false, true]);
        assert_eq!(scene.files(), 4, "a, c, d and what is not ours");
        scene.plancache.store(&scene.key("e"), &code, Some(999));
        assert_eq!(scene.files(), 1, "an image larger than the limit is not kept, nor are others");
    }

    #[test]
    fn a_lower_limit_is_kept_at_once() {
        let scene = Scene::new();
        scene.plancache.store(&scene.key("a"), &[0; 1000], None);
        scene.plancache.keep_limit(Some(2000));
        assert_eq!(scene.files(), 1);
        scene.plancache.keep_limit(Some(1000));
        assert_eq!(scene.files(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn files_that_others_can_write_are_not_loaded() {
        use std::os::unix::fs::PermissionsExt;

        let scene = Scene::new();
        let key = scene.key("a");
        scene.plancache.store(&key, b"code", None);
        fs::set_permissions(scene.plancache.path(&key), fs::Permissions::from_mode(0o620)).unwrap();
        assert_eq!(scene.plancache.load(&key), None);
    }

    #[test]
    fn many_share_a_folder() {
        let scene = Scene::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let plancache = Plancache::open(scene.folder.path()).unwrap();
                    for round in 0..200 {
                        let number = round % 7;
                        let key = scene.key(&number.to_string());
                        let code = vec![number; 2000 + usize::from(number)];
                        assert!(plancache.load(&key).is_none_or(|loaded| loaded == code));
                        plancache.store(&key, &code, Some(8000));
                    }
                });
            }
        });
        assert!((1..=3).contains(&scene.files()), "{}", scene.files());
    }
}

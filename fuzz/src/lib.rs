//! What the fuzz targets do with their bytes. Each module has a function `run`, which panics on a finding.
//!
//! `fuzz_targets/` hands libFuzzer's inputs to them, and the test below those of the corpus, without libFuzzer.

pub mod archive;
pub mod backup;
pub mod create;
mod data;
pub mod drivers;
mod guest;
mod host;
mod pack;
pub mod plancache;
pub mod sql;

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    /// Runs a target on every file of its corpus.
    fn corpus(target: &str, run: fn(&[u8])) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "no input in {}", folder.display());
        let inputs: Vec<(PathBuf, Vec<u8>)> =
            paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        for (path, input) in inputs {
            println!("{}", path.display());
            run(&input);
        }
    }

    #[test]
    fn create() {
        corpus("create", crate::create::run);
    }

    #[test]
    fn sql() {
        corpus("sql", crate::sql::run);
    }

    #[test]
    fn drivers() {
        corpus("drivers", crate::drivers::run);
    }

    #[test]
    fn plancache() {
        corpus("plancache", crate::plancache::run);
    }

    #[test]
    fn archive() {
        corpus("archive", crate::archive::run);
    }

    #[test]
    fn backup() {
        corpus("backup", crate::backup::run);
    }
}

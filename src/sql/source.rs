//! Bytes from files, from SQL text, from web addresses and from object stores, and archives to them.

use std::{fs::File, io::Read, path, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::StreamExt;
use object_store::{
    ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder,
    path::Path,
};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::runtime::Handle;

use super::statement::{Place, Secret, Service, Source, without_secrets};
use crate::{
    engine::Engine,
    error::{Error, Result},
    whole,
};

/// How long a machine may take to answer at all.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may be silent while it answers.
const SILENCE: Duration = Duration::from_secs(30);

/// Words in the names of settings that are secrets, and no matter of CONFIG, which is stored and shown.
const SECRETS: [&str; 5] = ["key", "secret", "token", "password", "credential"];

/// Reads a source to its end, but no more than `most` bytes and one, which shows that there are too many.
///
/// # Errors
/// When it cannot be read, is on another machine and that is not allowed, or has not the checksum that it must have.
pub(super) async fn read(engine: &Engine, source: &Source, most: u64) -> Result<Vec<u8>> {
    if source.place.is_remote() {
        check_remote(engine, &source.to_string())?;
    }
    let bytes = match &source.place {
        Place::File(path) => read_file(path, most)?,
        Place::Base64(text) => {
            let compact: String = text.split_whitespace().collect();
            STANDARD.decode(compact).map_err(|e| Error::Statement(format!("BASE64: {e}")))?
        }
        Place::Url(url) => get(url, most).await.map_err(|why| failed(source, why))?,
        Place::Store { service, path, config, credentials } => {
            let (store, key) = store(*service, path, config.as_deref(), credentials.as_ref())?;
            let found = store.get(&key).await.map_err(|error| failed(source, error))?;
            collect(found.into_stream(), most).await.map_err(|why| failed(source, why))?
        }
    };
    if let Some(wanted) = &source.sha256
        && bytes.len() as u64 <= most
    {
        let sum = hex::encode(Sha256::digest(&bytes));
        if sum != *wanted {
            return Err(Error::Statement(format!("FROM {source}: the content is another one, its SHA-256 is {sum}")));
        }
    }
    Ok(bytes)
}

/// Writes bytes to where nothing but them is then. A file is there as a whole or not at all.
///
/// # Errors
/// When it cannot be written, or is on another machine and that is not allowed.
pub(super) async fn write(engine: &Engine, target: &Source, bytes: Vec<u8>) -> Result<()> {
    if target.place.is_remote() {
        check_remote(engine, &target.to_string())?;
    }
    match &target.place {
        Place::File(path) => write_file(path.as_ref(), &bytes),
        Place::Base64(_) => unreachable!("refused by the grammar"),
        Place::Url(url) => put(url, bytes).await.map_err(|why| failed(target, why)),
        Place::Store { service, path, config, credentials } => {
            let (store, key) = store(*service, path, config.as_deref(), credentials.as_ref())?;
            store.put(&key, bytes.into()).await.map(drop).map_err(|error| failed(target, error))
        }
    }
}

/// # Errors
/// When other machines may not be asked, or there is nothing here to ask them with.
fn check_remote(engine: &Engine, what: &str) -> Result<()> {
    if !engine.variables().create_from_url() {
        return Err(Error::Statement(format!(
            "{what}: other machines may not be asked (wasm.create_from_url is false)"
        )));
    }
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Statement(format!("{what}: statements with other machines need a Tokio runtime"))),
    }
}

fn failed(source: &Source, why: impl std::fmt::Display) -> Error {
    Error::Statement(format!("{source}: {why}"))
}

fn read_file(path: &str, most: u64) -> Result<Vec<u8>> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Writes a file: it is there as a whole or not at all.
///
/// # Errors
/// When it cannot be written; what was there before still is then.
pub(super) fn write_file(path: &path::Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
        whole::write(NamedTempFile::new_in(folder)?, &[bytes], path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|source| Error::Write { path: path.display().to_string(), source })
}

/// What a stream gives, but no more than `most` bytes and one.
async fn collect<B: AsRef<[u8]>, E: std::fmt::Display>(
    mut stream: impl StreamExt<Item = Result<B, E>> + Unpin,
    most: u64,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(more) = tokio::time::timeout(SILENCE, stream.next()).await.map_err(|_| silent())? {
        let more = more.map_err(|error| error.to_string())?;
        let room = usize::try_from(most.saturating_add(1)).unwrap_or(usize::MAX) - bytes.len();
        bytes.extend_from_slice(&more.as_ref()[..more.as_ref().len().min(room)]);
        if bytes.len() as u64 > most {
            break;
        }
    }
    Ok(bytes)
}

fn silent() -> String {
    format!("nothing came for {} s", SILENCE.as_secs())
}

/// The client for web addresses.
fn client() -> Result<reqwest::Client, String> {
    let client = reqwest::Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE);
    client.user_agent(concat!("wasmfusion/", env!("CARGO_PKG_VERSION"))).build().map_err(|error| error.to_string())
}

fn check_scheme(url: &str) -> Result<(), String> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => Ok(()),
        _ => Err("only http:// and https:// are web addresses".to_owned()),
    }
}

/// What went wrong, and why, without the address, which may have secrets in it.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

async fn get(Secret(url): &Secret, most: u64) -> Result<Vec<u8>, String> {
    check_scheme(url)?;
    let answer = client()?.get(url).send().await.map_err(chain)?;
    if !answer.status().is_success() {
        return Err(format!("the answer is {}", answer.status()));
    }
    collect(answer.bytes_stream().map(|bytes| bytes.map_err(chain)).boxed(), most).await
}

async fn put(Secret(url): &Secret, bytes: Vec<u8>) -> Result<(), String> {
    check_scheme(url)?;
    let answer = client()?.put(url).body(bytes).send().await.map_err(chain)?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(format!("{} answers {}", without_secrets(url), answer.status())),
    }
}

/// The store that holds `bucket/key`, and the key. Nothing is taken from the environment: without CREDENTIALS requests
/// are not signed.
fn store(
    service: Service,
    path: &str,
    config: Option<&str>,
    credentials: Option<&Secret>,
) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let word = service.word();
    let wrong = |why: String| Error::Statement(format!("{word} '{path}': {why}"));
    let plain = path.split_once("://").map_or(path, |(_, path)| path);
    let Some((bucket, key)) = plain.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
    else {
        return Err(wrong("expected 'bucket/key'".to_owned()));
    };
    let mut settings = match config {
        Some(config) => object(config).map_err(|why| wrong(format!("CONFIG: {why}")))?,
        None => Vec::new(),
    };
    let is_secret = |name: &str| SECRETS.iter().any(|word| name.contains(word));
    if let Some((name, _)) = settings.iter().find(|(name, _)| is_secret(name)) {
        return Err(wrong(format!("CONFIG: {name} belongs in CREDENTIALS, which are neither stored nor shown")));
    }
    // Whoever writes http:// wants no encryption.
    if settings.iter().any(|(name, value)| name.contains("endpoint") && value.starts_with("http://")) {
        settings.push(("allow_http".to_owned(), "true".to_owned()));
    }
    match credentials {
        // Neither the text nor what is in it is shown.
        Some(Secret(text)) => {
            settings.extend(object(text).map_err(|_| wrong("CREDENTIALS: expected a JSON object of texts".to_owned()))?)
        }
        None => settings.push(("skip_signature".to_owned(), "true".to_owned())),
    }
    macro_rules! build {
        ($builder:expr) => {{
            let mut builder = $builder;
            for (name, value) in settings {
                let known = name.to_ascii_lowercase().parse();
                builder = builder.with_config(known.map_err(|_| wrong(format!("there is no setting {name}")))?, value);
            }
            Arc::new(builder.build().map_err(|error| wrong(error.to_string()))?)
        }};
    }
    let store: Arc<dyn ObjectStore> = match service {
        Service::S3 => build!(AmazonS3Builder::new().with_bucket_name(bucket)),
        Service::Gcs => build!(GoogleCloudStorageBuilder::new().with_bucket_name(bucket)),
        Service::Azure => build!(MicrosoftAzureBuilder::new().with_container_name(bucket)),
    };
    let key = Path::parse(key).map_err(|error| wrong(error.to_string()))?;
    Ok((store, key))
}

/// The fields of a JSON object as texts.
fn object(text: &str) -> Result<Vec<(String, String)>, String> {
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))?;
    fields
        .into_iter()
        .map(|(name, value)| match value {
            serde_json::Value::String(text) => Ok((name, text)),
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Ok((name, value.to_string())),
            // Google's service accounts are objects themselves.
            serde_json::Value::Object(_) => Ok((name, value.to_string())),
            _ => Err(format!("{name} is neither a text nor a number")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: Option<&str>, credentials: Option<&str>) -> String {
        let credentials = credentials.map(|text| Secret(text.to_owned()));
        store(Service::S3, "bucket/key", config, credentials.as_ref()).unwrap_err().to_string()
    }

    #[test]
    fn settings_are_checked_and_secrets_never_shown() {
        assert!(store(Service::S3, "b/k", Some(r#"{"region": "eu-west-1"}"#), None).is_ok());
        assert!(refused(Some("[1]"), None).contains("JSON object"));
        assert!(refused(Some(r#"{"secret_access_key": "abc"}"#), None).contains("belongs in CREDENTIALS"));
        assert!(refused(Some(r#"{"colour": "red"}"#), None).contains("no setting colour"));
        let error = refused(None, Some("{hush"));
        assert!(error.contains("CREDENTIALS") && !error.contains("hush"), "{error}");
        assert!(store(Service::S3, "bucket", None, None).unwrap_err().to_string().contains("'bucket/key'"));
    }

    #[test]
    fn addresses_are_shown_without_secrets() {
        let shown = |url: &str| Source::from(Place::Url(Secret(url.to_owned()))).to_string();
        assert_eq!(shown("https://me:pw@host:1/a/b.wasm?sig=s"), "URL 'https://host:1/a/b.wasm?…'");
        assert_eq!(shown("http://host"), "URL 'http://host'");
    }
}

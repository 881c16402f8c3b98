//! Webhooks' secrets, encrypted in the database: ChaCha20-Poly1305 under a key that is not in it.
//!
//! What is stored is `<key's mark>.<base64 of nonce and ciphertext>`, bound to the webhook's id: it opens neither under
//! another key nor in another webhook's row.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use domain::{Error, ErrorCode, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

use crate::Entropy;

/// The variable that holds the key.
const VARIABLE: &str = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY";
/// A key's length, in bytes.
const KEY_LEN: usize = 32;

/// A key, and the mark by which what it encrypted is known.
#[derive(Clone)]
struct Sealer {
    key: LessSafeKey,
    mark: String,
}

impl Sealer {
    /// The key is not used as it is: MLflow may use the same one in other ways.
    fn new(bytes: [u8; KEY_LEN]) -> Result<Self> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let derived = hmac::sign(&root, b"ferroflow webhook secrets");
        let mark = hmac::sign(&root, b"ferroflow webhook secrets: mark");
        let key = UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref()).map_err(|_| Error::internal())?;
        Ok(Self { key: LessSafeKey::new(key), mark: URL_SAFE_NO_PAD.encode(&mark.as_ref()[..6]) })
    }

    fn seal(&self, webhook_id: &str, secret: &str, chance: u128) -> Result<String> {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&chance.to_le_bytes()[..NONCE_LEN]);
        let mut sealed = secret.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(webhook_id), &mut sealed)
            .map_err(|_| Error::internal())?;
        let mut stored = nonce.to_vec();
        stored.append(&mut sealed);
        Ok(format!("{}.{}", self.mark, URL_SAFE_NO_PAD.encode(stored)))
    }

    fn open(&self, webhook_id: &str, sealed: &str) -> Option<String> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let secret = self.key.open_in_place(nonce, Aad::from(webhook_id), text).ok()?;
        String::from_utf8(secret.to_vec()).ok()
    }
}

/// Where the key comes from: the configuration, or else a file that is made when the first secret comes.
#[derive(Default)]
pub(crate) struct Keyring {
    file: Option<PathBuf>,
    sealer: Mutex<Option<Sealer>>,
}

impl Keyring {
    /// Reads a configured key. `Err` is a sentence for the person at the terminal.
    pub(super) fn new(configured: Option<&str>, file: Option<PathBuf>) -> Result<Self, String> {
        let sealer = match configured {
            None => None,
            Some(text) => {
                let bytes = parse(text).ok_or_else(|| {
                    format!(
                        "{VARIABLE} is no key: it must be {KEY_LEN} bytes in URL-safe base64, such as \
                         `openssl rand -base64 {KEY_LEN} | tr +/ -_` prints"
                    )
                })?;
                Some(Sealer::new(bytes).map_err(|e| e.message)?)
            }
        };
        Ok(Self { file, sealer: Mutex::new(sealer) })
    }

    /// Encrypts a webhook's secret. Refuses to where no key can be had.
    pub(super) fn seal(&self, webhook_id: &str, secret: &str, entropy: &dyn Entropy) -> Result<String> {
        let Some(sealer) = self.sealer(Some(entropy))? else {
            return Err(Error::new(
                ErrorCode::NotImplemented,
                format!(
                    "This server has no key to encrypt webhook secrets with. Set {VARIABLE}, or leave out the secret."
                ),
            ));
        };
        sealer.seal(webhook_id, secret, entropy.next())
    }

    /// Decrypts a webhook's secret. `Err` says why that can't be done.
    pub(super) fn open(&self, webhook_id: &str, stored: &str) -> Result<String> {
        let unreadable = |why: &str| {
            Error::new(ErrorCode::InternalError, format!("The webhook's secret cannot be decrypted: {why}."))
        };
        let (mark, encrypted) = stored.split_once('.').ok_or_else(|| unreadable("what is stored is damaged"))?;
        let Some(sealer) = self.sealer(None)? else {
            return Err(unreadable(&format!("the server's key is missing ({VARIABLE})")));
        };
        if sealer.mark != mark {
            return Err(unreadable(&format!("it was encrypted with another key than the server has now ({VARIABLE})")));
        }
        sealer.open(webhook_id, encrypted).ok_or_else(|| unreadable("what is stored is damaged"))
    }

    /// Says in the log that some of these secrets can't be decrypted, if that is so.
    pub(super) fn complain_about(&self, stored: &[String]) {
        let mark = match self.sealer(None) {
            Ok(sealer) => sealer.map(|sealer| sealer.mark),
            Err(_) => None,
        };
        let is_ours = |stored: &&String| stored.split('.').next() == mark.as_deref();
        let lost = stored.len() - stored.iter().filter(is_ours).count();
        if lost > 0 {
            tracing::error!(
                lost,
                "secrets of webhooks were encrypted with a key that the server does not have: their deliveries wait until \
                 it gets the key back ({VARIABLE}), or the secrets are set anew"
            );
        }
    }

    /// The key; made if need be and if there is a random source to make it from.
    fn sealer(&self, entropy: Option<&dyn Entropy>) -> Result<Option<Sealer>> {
        // Nothing panics while holding the lock; if it did, what it holds would still be whole.
        let mut sealer = self.sealer.lock().unwrap_or_else(PoisonError::into_inner);
        if sealer.is_none()
            && let Some(path) = &self.file
        {
            let failed = |cause: io::Error| {
                tracing::error!(path = %path.display(), %cause, "the key of webhook secrets can't be read or made");
                Error::internal()
            };
            let text = match (std::fs::read_to_string(path), entropy) {
                (Err(error), None) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                (Err(error), Some(entropy)) if error.kind() == io::ErrorKind::NotFound => {
                    create(path, entropy).map_err(failed)?
                }
                (text, _) => text.map_err(failed)?,
            };
            let bytes = parse(&text).ok_or_else(|| failed(io::Error::other("it is no key")))?;
            *sealer = Some(Sealer::new(bytes)?);
        }
        Ok(sealer.clone())
    }
}

/// Makes a key, in a file that only the server may read.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<String> {
    let mut bytes = entropy.next().to_le_bytes().to_vec();
    bytes.extend(entropy.next().to_le_bytes());
    let text = URL_SAFE.encode(bytes);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let fresh = path.with_added_extension(format!("{}.new", std::process::id()));
    let written = options.open(&fresh).and_then(|mut file| {
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()
    });
    // A link appears with the whole key or not at all, and never in place of another's.
    let made = written.and_then(|()| std::fs::hard_link(&fresh, path));
    drop(std::fs::remove_file(&fresh));
    match made {
        Ok(()) => {
            tracing::info!(path = %path.display(), "made a key for webhook secrets: back it up with the database");
            Ok(text)
        }
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::fs::read_to_string(path),
        Err(error) => Err(error),
    }
}

/// Reads a key as Fernet does: base64 in either alphabet.
fn parse(text: &str) -> Option<[u8; KEY_LEN]> {
    let standard = text.trim().replace('-', "+").replace('_', "/");
    STANDARD.decode(&standard).or_else(|_| STANDARD_NO_PAD.decode(&standard)).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn keyring(byte: u8) -> Keyring {
        Keyring::new(Some(&URL_SAFE.encode([byte; KEY_LEN])), None).unwrap()
    }

    #[test]
    fn a_secret_opens_in_its_place_and_under_its_key_only() {
        let stored = keyring(1).seal("w1", "s3cret", &SystemEntropy).unwrap();
        assert!(!stored.contains("s3cret"));
        assert_ne!(stored, keyring(1).seal("w1", "s3cret", &SystemEntropy).unwrap());
        assert_eq!(keyring(1).open("w1", &stored).unwrap(), "s3cret");
        assert!(keyring(1).open("w2", &stored).unwrap_err().message.contains("damaged"));
        assert!(keyring(1).open("w1", &format!("{stored}A")).unwrap_err().message.contains("damaged"));
        assert!(keyring(2).open("w1", &stored).unwrap_err().message.contains("another key than the server has now"));
        let none = Keyring::default();
        assert!(none.open("w1", &stored).unwrap_err().message.contains("key is missing"));
        assert_eq!(none.seal("w1", "s", &SystemEntropy).unwrap_err().code, ErrorCode::NotImplemented);
    }

    #[test]
    fn only_fernet_keys_are_keys() {
        for bad in ["secret", "", &URL_SAFE.encode([1; 16])] {
            assert!(Keyring::new(Some(bad), None).err().unwrap().contains("must be 32 bytes"));
        }
        assert_eq!(parse(&URL_SAFE.encode([0xfb; KEY_LEN])), Some([0xfb; KEY_LEN]));
        assert_eq!(parse(&STANDARD_NO_PAD.encode([0xfb; KEY_LEN])), Some([0xfb; KEY_LEN]));
    }

    #[test]
    fn a_key_file_is_made_with_the_first_secret_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.webhook-key");
        let open = || Keyring::new(None, Some(path.clone())).unwrap();
        let first = open();
        first.open("w", "x.y").unwrap_err();
        assert!(!path.exists());
        let stored = first.seal("w", "s", &SystemEntropy).unwrap();
        assert_eq!(open().open("w", &stored).unwrap(), "s");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

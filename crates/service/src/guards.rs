//! Guards: what a registered model asks of a version before it enters Production, whoever moves it there.

use domain::guards::Guards;
use domain::history::Change;
use domain::model_file::ModelFile;
use domain::model_versions::Stage;
use domain::{Error, ErrorCode, Result, names};
use store::guards as rows;
use store::model_versions::VersionRow;
use store::{Conn, registered_models as models};

use crate::errors::Fault;
use crate::model_versions::whole;
use crate::registered_models::{find, lock};
use crate::{Service, boxed};

/// Whether a version's files have a signature, or else why not.
pub type Signed = Result<(), String>;

impl Service {
    /// What a model asks of its versions.
    #[boxed]
    pub async fn guards(&self, name: &str) -> Result<Guards> {
        names::check_model_name(name, "name")?;
        Ok(self.read_guards(name).await?)
    }

    async fn read_guards(&self, name: &str) -> Result<Guards, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let row = find(&mut conn, name).await?;
        Ok(rows::find(&mut conn, row.registered_no).await?)
    }

    /// Sets what a model asks of its versions from now on. Versions that are in Production stay there.
    #[boxed]
    pub async fn set_guards(&self, name: &str, guards: Guards) -> Result<Guards> {
        names::check_model_name(name, "name")?;
        guards.check()?;
        let (name, by) = (name.to_owned(), self.author());
        let set = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name).await?;
                let before = rows::find(tx, row.registered_no).await?;
                if before != guards {
                    rows::set(tx, row.registered_no, &guards).await?;
                    let change = Change::GuardsChanged { before, after: guards.clone() };
                    by.edit(tx, row.registered_no).await?.note(tx, None, change).await?;
                }
                Ok(guards)
            })
        });
        Ok(set.await?)
    }

    /// What a version (a decimal string) lacks of what its model asks, as parts of a sentence; nothing if it may enter
    /// Production.
    #[boxed]
    pub async fn missing_for_production(&self, name: &str, version: &str) -> Result<Vec<String>> {
        let version = self.model_version(name, version).await?;
        let guards = self.guards(name).await?;
        let signed = if guards.signature { self.signed(name, version.version).await? } else { Ok(()) };
        Ok(guards.missing(&version, &signed))
    }

    /// Whether a version's files have a signature; `None` if its model does not ask, or if it is in Production already.
    pub(crate) async fn signed_if_asked(&self, name: &str, version: i64) -> Result<Option<Signed>> {
        if !self.asks_for_signature(name).await? {
            return Ok(None);
        }
        // One that is there already is not asked, so that it can stay there whatever became of its files.
        if self.model_version(name, &version.to_string()).await?.stage == Stage::Production {
            return Ok(None);
        }
        Ok(Some(self.signed(name, version).await?))
    }

    async fn asks_for_signature(&self, name: &str) -> Result<bool, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let Some(row) = models::find(&mut conn, name).await? else { return Ok(false) };
        Ok(rows::find(&mut conn, row.registered_no).await?.signature)
    }

    async fn signed(&self, name: &str, version: i64) -> Result<Signed> {
        signed_by(&self.version_model_file(name, &version.to_string()).await)
    }
}

/// Whether what was read as a version's `MLmodel` file has a signature, or else why not. An error if that can't be told.
pub fn signed_by(file: &Result<Option<ModelFile>>) -> Result<Signed> {
    Ok(match file {
        Ok(Some(file)) => match &file.signature {
            Some(signature) if !(signature.inputs.is_empty() && signature.outputs.is_empty()) => Ok(()),
            _ => Err("its MLmodel file has none".to_owned()),
        },
        Ok(None) => Err("there is no MLmodel file at its source".to_owned()),
        Err(error) if matches!(error.code, ErrorCode::NotImplemented | ErrorCode::PermissionDenied) => {
            Err("its files are where the server cannot read them".to_owned())
        }
        Err(error) if matches!(error.code, ErrorCode::InvalidParameterValue | ErrorCode::ResourceDoesNotExist) => {
            Err(error.message.trim_end_matches('.').to_owned())
        }
        Err(error) => return Err(error.clone()),
    })
}

/// Refuses a version that lacks something of what its model asks.
pub(crate) async fn check(tx: &mut Conn, row: &VersionRow, signed: Option<Signed>) -> Result<(), Fault> {
    let guards = rows::find(tx, row.registered_no).await?;
    if guards.is_empty() {
        return Ok(());
    }
    if guards.signature && signed.is_none() {
        // Files are not read within a transaction; the client asks again, and then they are read before it.
        return Err(Error::unavailable("What the model requires has just been changed. Please try again.").into());
    }
    let version = whole(tx, row.clone()).await?;
    let missing = guards.missing(&version, &signed.unwrap_or(Ok(())));
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Model Version (name={}, version={}) cannot move to Production: the registered model requires {}.",
        version.name,
        version.version,
        missing.join(", ")
    ))
    .into())
}

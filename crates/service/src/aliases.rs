//! Aliases: names that point at one version of a model each.

use domain::history::Change;
use domain::model_versions::{ModelVersion, parse_version};
use domain::{Error, Result, names};
use store::model_versions::{VersionRow, find_by_alias};
use store::{Conn, StoreError, aliases};

use crate::errors::Fault;
use crate::history::Author;
use crate::model_versions::{highest, lock, whole};
use crate::registered_models;
use crate::webhooks::{News, Outbox};
use crate::{Service, boxed};

impl Service {
    /// Points an alias at a version (a decimal string), away from another one if need be.
    #[boxed]
    pub async fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        names::check_new_alias(alias)?;
        let version = parse_version(version)?;
        let (name, alias, by, outbox) = (name.to_owned(), alias.to_owned(), self.author(), self.outbox());
        let set = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                Ok(Hand { by, outbox }.set(tx, &row, alias).await?)
            })
        });
        Ok(set.await?)
    }

    /// Removes an alias; an absent one is fine.
    #[boxed]
    pub async fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        names::check_alias(alias)?;
        let (name, alias, by, outbox) = (name.to_owned(), alias.to_owned(), self.author(), self.outbox());
        let delete = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let no = registered_models::lock(tx, &name).await?.registered_no;
                Ok(Hand { by, outbox }.delete(tx, no, &name, alias).await?)
            })
        });
        Ok(delete.await?)
    }

    /// Gives a version (a decimal string) exactly these aliases, in one step: those that point at other versions leave
    /// them, and those that the version has beside these are removed.
    #[boxed]
    pub async fn set_aliases(&self, name: &str, version: &str, aliases: &[String]) -> Result<()> {
        names::check_model_name(name, "name")?;
        let version = parse_version(version)?;
        let (name, wanted) = (name.to_owned(), aliases.to_vec());
        let hand = Hand { by: self.author(), outbox: self.outbox() };
        let set = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                let before = aliases::of_version(tx, row.registered_no, version).await?;
                for alias in before.iter().filter(|alias| !wanted.contains(alias)) {
                    hand.delete(tx, row.registered_no, &name, alias.clone()).await?;
                }
                for alias in wanted.into_iter().filter(|alias| !before.contains(alias)) {
                    names::check_new_alias(&alias)?;
                    hand.set(tx, &row, alias).await?;
                }
                Ok(())
            })
        });
        Ok(set.await?)
    }

    /// The version that an alias points at; `latest` is the highest.
    #[boxed]
    pub async fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        names::check_model_name(name, "name")?;
        names::check_alias(alias)?;
        Ok(self.read_version_by_alias(name, alias).await?)
    }

    async fn read_version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let row = resolve(&mut conn, name, alias).await?;
        whole(&mut conn, row).await
    }
}

/// What changes aliases within a transaction: who asks, and where it is told.
struct Hand {
    by: Author,
    outbox: Outbox,
}

impl Hand {
    /// Points an alias at a version whose model is locked.
    async fn set(&self, tx: &mut Conn, row: &VersionRow, alias: String) -> Result<(), StoreError> {
        let (no, version) = (row.registered_no, row.version);
        self.outbox.put(tx, News::AliasSet { name: &row.name, alias: &alias, version }).await?;
        let left = aliases::find(tx, no, &alias).await?;
        if left == Some(version) {
            return Ok(());
        }
        let edit = self.by.edit(tx, no).await?;
        aliases::set(tx, no, &alias, version).await?;
        if let Some(left) = left {
            edit.note(tx, Some(left), Change::AliasLeft { alias: alias.clone(), to: version }).await?;
        }
        edit.note(tx, Some(version), Change::AliasSet { alias, left }).await
    }

    /// Removes an alias of a locked model, if it is there.
    async fn delete(&self, tx: &mut Conn, no: i64, name: &str, alias: String) -> Result<(), StoreError> {
        self.outbox.put(tx, News::AliasDeleted { name, alias: &alias }).await?;
        let Some(version) = aliases::find(tx, no, &alias).await? else { return Ok(()) };
        aliases::delete(tx, no, &alias).await?;
        self.by.edit(tx, no).await?.note(tx, Some(version), Change::AliasDeleted { alias }).await
    }
}

/// The version that a model's alias points at; `latest` is the highest.
pub(crate) async fn resolve(conn: &mut Conn, name: &str, alias: &str) -> Result<VersionRow, Fault> {
    if alias.eq_ignore_ascii_case("latest") {
        let model = registered_models::find(conn, name).await?;
        let latest = highest(conn, &model, None).await?;
        return Ok(latest.ok_or_else(|| Error::not_found(format!("Latest version not found for model {name}.")))?);
    }
    if let Some(row) = find_by_alias(conn, name, alias).await? {
        return Ok(row);
    }
    registered_models::find(conn, name).await?;
    Err(Error::invalid(format!("Registered model alias {alias} not found.")).into())
}

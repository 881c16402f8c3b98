//! What pages of the registry show beside the operations of the HTTP API.

use domain::model_versions::{ModelVersion, Stage};
use domain::runs::RunInfo;
use domain::{Result, names};
use store::{model_versions, registry_pages as rows, runs};

use crate::errors::{Fault, from_store};
use crate::registered_models::find;
use crate::{Service, boxed};

/// Most versions of a stage that a version's page names.
const MAX_OF_STAGE: i64 = 10;

/// Some of a model's versions, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionList {
    /// The highest first, with their aliases.
    pub items: Vec<ModelVersion>,
    /// Versions in all.
    pub total: i64,
    /// Versions in Staging or Production.
    pub active: i64,
}

impl Service {
    /// A model's versions, the highest first: `limit` of them after the first `offset`.
    #[boxed]
    pub async fn list_versions(&self, name: &str, only_active: bool, offset: i64, limit: i64) -> Result<VersionList> {
        names::check_model_name(name, "name")?;
        let (offset, limit) = (offset.max(0), limit.max(0));
        Ok(self.read_versions(name, only_active, offset, limit).await?)
    }

    async fn read_versions(
        &self,
        name: &str,
        only_active: bool,
        offset: i64,
        limit: i64,
    ) -> Result<VersionList, Fault> {
        let mut conn = self.inner.store.read().await?;
        let no = find(&mut conn, name).await?.registered_no;
        let counts = rows::count_versions(&mut conn, no).await?;
        let found = rows::versions(&mut conn, no, only_active, offset, limit).await?;
        let items = model_versions::load(&mut conn, found, true).await?;
        Ok(VersionList { items, total: counts.total, active: counts.active })
    }

    /// A model's versions in Staging and Production, by version: of each stage the ten highest. How many there are in all is
    /// said by [`Service::list_versions`].
    #[boxed]
    pub async fn active_versions(&self, name: &str) -> Result<Vec<(i64, Stage)>> {
        names::check_model_name(name, "name")?;
        Ok(self.read_active_versions(name).await?)
    }

    async fn read_active_versions(&self, name: &str) -> Result<Vec<(i64, Stage)>, Fault> {
        let mut conn = self.inner.store.read().await?;
        let no = find(&mut conn, name).await?.registered_no;
        let mut active = Vec::new();
        for stage in [Stage::Staging, Stage::Production] {
            let versions = rows::in_stage(&mut conn, no, stage, MAX_OF_STAGE).await?;
            active.extend(versions.into_iter().map(|version| (version, stage)));
        }
        active.sort_unstable_by_key(|(version, _)| *version);
        Ok(active)
    }

    /// These runs in any lifecycle stage, by id; unknown ones are left out.
    #[boxed]
    pub async fn run_infos(&self, run_ids: &[String]) -> Result<Vec<RunInfo>> {
        if run_ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.inner.store.read().await.map_err(from_store)?;
        let found = runs::by_ids(&mut conn, run_ids).await.map_err(from_store)?;
        Ok(found.into_iter().map(RunInfo::from).collect())
    }
}

//! A folder of artifacts as one zip archive, made while it is sent.

use std::collections::HashSet;
use std::io;

use artifacts::{Zip, ZipMember};
use bytes::Bytes;
use domain::artifact_path::ArtifactPath;
use domain::{Error, Result};
use futures::TryStreamExt;
use futures::stream::BoxStream;

use crate::artifact_files::{ArtifactOwner, Stored, below};
use crate::locations::Place;
use crate::produced::{Out, produced};
use crate::{ArtifactFile, Service, boxed, errors};

/// The most files that an archive may have: their names are in memory until its end.
const MAX_FILES: usize = 100_000;

/// A folder, found and not yet read.
#[derive(Debug)]
pub struct Archive {
    /// What to call the file: `<folder>.zip`.
    pub name: String,
    files: Vec<(ArtifactFile, ZipMember)>,
}

/// A folder of a location, and where in the archive its files come.
struct Part {
    place: Place,
    folder: ArtifactPath,
    into: String,
}

impl Archive {
    /// Bytes that it will have.
    pub fn length(&self) -> u64 {
        Zip::length(self.files.iter().map(|(_, member)| member.clone()))
    }

    /// Its bytes, read as they are asked for. A file that changes meanwhile, or cannot be read, breaks it off.
    pub fn into_stream(self) -> BoxStream<'static, io::Result<Bytes>> {
        produced("an archive", |out| self.write(out))
    }

    async fn write(self, out: Out) -> io::Result<()> {
        let mut zip = Zip::default();
        for (file, mut member) in self.files {
            let mut download = file.open(None).await.map_err(|error| io::Error::other(error.message))?;
            member.last_modified = download.last_modified;
            out.send(zip.begin(member)).await?;
            while let Some(chunk) = download.body.try_next().await? {
                zip.content(&chunk)?;
                out.send(chunk).await?;
            }
            out.send(zip.end()?).await?;
        }
        for piece in zip.directory() {
            out.send(piece).await?;
        }
        Ok(())
    }
}

impl Service {
    /// A folder with all that is below it, as a zip archive. 404 if there are no files in it.
    #[boxed]
    pub async fn archive(&self, owner: &ArtifactOwner, path: &str) -> Result<Archive> {
        let wanted = ArtifactPath::parse(path)?;
        let (parts, root) = match owner {
            ArtifactOwner::Run(run_id) => (self.parts_of_run(run_id, &wanted).await?, run_id.clone()),
            ArtifactOwner::LoggedModel(model_id) => (
                vec![Part::of(self.place(&self.logged_model_location(model_id).await?)?, wanted.clone())],
                model_id.clone(),
            ),
            ArtifactOwner::Version { name, version } => {
                let location = self.model_version(name, version).await?.storage_location;
                let parts = match Stored::parse(&location) {
                    Stored::OfRun { run_id, folder } => {
                        self.parts_of_run(run_id, &ArtifactPath::parse(&below(folder, path))?).await?
                    }
                    Stored::OfLoggedModel(model_id) => {
                        vec![Part::of(self.place(&self.logged_model_location(model_id).await?)?, wanted.clone())]
                    }
                    Stored::Direct(location) => vec![Part::of(self.place(location)?, wanted.clone())],
                };
                (parts, format!("{name}-{version}"))
            }
        };
        let top = if wanted.is_root() { root } else { wanted.file_name().to_owned() };
        let mut files = Vec::new();
        for part in &parts {
            part.collect(&top, &mut files).await?;
        }
        if files.is_empty() {
            return Err(Error::not_found(format!("There are no files in the folder '{path}'.")));
        }
        files.sort_unstable_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        Ok(Archive { name: format!("{top}.zip"), files })
    }

    /// A run's own folder, or that of a model that shows as one; for the run as a whole, all of them.
    async fn parts_of_run(&self, run_id: &str, path: &ArtifactPath) -> Result<Vec<Part>> {
        let run = self.run_place(run_id).await?;
        let own = self.place(&run.artifact_uri)?;
        if !path.is_root() {
            let (place, folder) = self.model_folder(&run, &own, path).await?.unwrap_or_else(|| (own, path.clone()));
            return Ok(vec![Part::of(place, folder)]);
        }
        let listed = own.list(path).await.map_err(errors::from_artifacts)?;
        let mut taken: HashSet<_> = listed.into_iter().map(|file| file.path).collect();
        let mut parts = vec![Part::of(own, path.clone())];
        for model in self.models_of(&run).await? {
            if taken.insert(model.name.clone()) {
                let place = self.place(&model.artifact_uri)?;
                parts.push(Part { place, folder: ArtifactPath::default(), into: format!("{}/", model.name) });
            }
        }
        Ok(parts)
    }
}

impl Part {
    fn of(place: Place, folder: ArtifactPath) -> Self {
        Self { place, folder, into: String::new() }
    }

    async fn collect(&self, top: &str, files: &mut Vec<(ArtifactFile, ZipMember)>) -> Result<()> {
        let mut pages = self.place.survey(&self.folder);
        while let Some(page) = pages.try_next().await.map_err(errors::from_artifacts)? {
            for found in page {
                // A name that leads elsewhere, which other tools can write into a bucket, would do so when unpacked.
                let Ok(path) = ArtifactPath::stored(&found.path) else {
                    tracing::warn!(path = found.path, "left out of an archive: the name is none of an artifact");
                    continue;
                };
                let file = self.place.file(&path);
                let below = found.path.strip_prefix(self.folder.as_str()).unwrap_or_default().trim_start_matches('/');
                let name = format!("{top}/{}{below}", self.into);
                let size = found.size.unwrap_or_default();
                files.push((file, ZipMember { name, size, last_modified: None }));
            }
            if files.len() > MAX_FILES {
                return Err(Error::invalid(format!(
                    "The folder has more than {MAX_FILES} files, too many for one archive."
                )));
            }
        }
        Ok(())
    }
}

//! Which files a commit has, kept beside them in the cache.
//!
//! The cache alone cannot tell: files that nobody fetched are as good as not there, and a set without its last files
//! looks like a smaller set.

use crate::hub::{Access, Hub, HubError, Listing, Repository};
use std::fs;
use std::path::{Path, PathBuf};

/// Folder in that of the repository; the hub's own libraries look at other names.
const FOLDER: &str = "listings";

/// A listing, and whether all of its files can be fetched.
pub(super) enum Found {
    /// What the hub says, now or at an earlier time.
    Known(Listing),
    /// What lies in the cache, brought there by another program.
    CacheAlone(Listing),
    /// Nothing, and the hub may not be asked.
    NotCached,
}

/// The files of a revision. The hub is not asked about a commit whose files are known: they do not change.
pub(super) fn find(hub: &Hub, repository: &Repository) -> Result<Found, HubError> {
    let cached = hub.cached_commit(repository);
    let is_pinned = cached.is_some() && cached == repository.revision;
    if (is_pinned || hub.access == Access::CacheOnly)
        && let Some(commit) = &cached
        && let Some(listing) = read(hub, repository, commit)
    {
        return Ok(Found::Known(listing));
    }
    if hub.access == Access::CacheOnly {
        return Ok(cached.map(|commit| in_cache(hub, repository, commit)).map_or(Found::NotCached, Found::CacheAlone));
    }
    let listing = hub.list(repository)?;
    keep(hub, repository, &listing)?;
    hub.note(repository, &listing.commit)?;
    Ok(Found::Known(listing))
}

fn path(hub: &Hub, repository: &Repository, commit: &str) -> PathBuf {
    hub.folder(repository).join(FOLDER).join(commit)
}

fn read(hub: &Hub, repository: &Repository, commit: &str) -> Option<Listing> {
    let text = fs::read_to_string(path(hub, repository, commit)).ok()?;
    Some(Listing { commit: commit.to_owned(), files: text.lines().map(str::to_owned).collect() })
}

/// Keeps a listing, a name on a line. A name with a line end in it is no name that anything would be read from.
fn keep(hub: &Hub, repository: &Repository, listing: &Listing) -> Result<(), HubError> {
    let path = path(hub, repository, &listing.commit);
    let unwritable = |source| HubError::Cache { path: path.clone(), source };
    let names: Vec<_> = listing.files.iter().map(String::as_str).filter(|name| !name.contains('\n')).collect();
    fs::create_dir_all(path.parent().expect("it lies in a folder")).map_err(unwritable)?;
    // Another process may keep the same listing at this moment.
    let unfinished = path.with_extension(std::process::id().to_string());
    fs::write(&unfinished, names.join("\n")).and_then(|()| fs::rename(&unfinished, &path)).map_err(unwritable)
}

/// The files that lie in the cache.
fn in_cache(hub: &Hub, repository: &Repository, commit: String) -> Listing {
    let snapshot = hub.snapshot(repository, &commit);
    let mut files = Vec::new();
    walk(&snapshot, "", &mut files);
    files.sort_unstable();
    Listing { commit, files }
}

/// What cannot be read is not there.
fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (path, place) = (entry.path(), format!("{prefix}{name}"));
        // Files are links to what they hold; folders are none, so that no walk goes in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, &format!("{place}/"), files);
        } else if path.is_file() {
            files.push(place);
        }
    }
}

//! What of the sets with a short name lies in the cache of this machine. The hub is not asked.

use super::repository::{Opened, open};
use super::{KNOWN_SETS, KnownSet, environment};
use crate::dataset::DatasetError;
use crate::hub::{Access, Hub};
use lem_domain::spec::HubSource;

/// A set with a short name, as far as this machine has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedSet {
    /// The set.
    pub set: &'static KnownSet,
    /// What of it is here.
    pub state: CacheState,
}

/// What of a set lies in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheState {
    /// Everything, of this commit.
    Whole {
        /// The commit hash.
        revision: String,
    },
    /// Some of its files, of this commit; or files that another program brought, of which there may be more.
    Part {
        /// The commit hash.
        revision: String,
    },
    /// Nothing.
    Nothing,
}

/// Every set with a short name, in the order of the list.
///
/// # Errors
/// When there is no place for the hub's cache.
pub fn survey() -> Result<Vec<CachedSet>, DatasetError> {
    Ok(survey_on(&Hub { access: Access::CacheOnly, ..environment()? }))
}

pub(super) fn survey_on(hub: &Hub) -> Vec<CachedSet> {
    let of_set = |set: &'static KnownSet| {
        let source = HubSource { dataset: set.name.to_owned(), ..HubSource::default() };
        // What cannot be opened without the hub is not here.
        CachedSet { set, state: open(hub, &source).map_or(CacheState::Nothing, |opened| state(&opened)) }
    };
    KNOWN_SETS.iter().map(of_set).collect()
}

fn state(opened: &Opened<'_>) -> CacheState {
    let files = &opened.selected.files;
    let n_cached = files.iter().filter(|file| opened.cached(file).is_file()).count();
    let revision = opened.commit.clone();
    match n_cached {
        0 => CacheState::Nothing,
        _ if n_cached == files.len() && !opened.may_lack_files() => CacheState::Whole { revision },
        _ => CacheState::Part { revision },
    }
}

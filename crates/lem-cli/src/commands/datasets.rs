//! `lem datasets`.

use super::Voice;
use crate::args::{DatasetsArgs, DatasetsCommand};
use crate::exit::Exit;
use crate::render::{self, out};
use lem_core::dataset::{self, CacheState, CachedSet, EMBEDDED_NAME};
use lem_domain::protocol::SeamError;
use lem_domain::spec::HubSource;
use serde_json::{Value, json};

/// Lists the sets with a short name, or fetches one.
pub(crate) fn datasets(args: &DatasetsArgs, voice: Voice) -> anyhow::Result<Exit> {
    match &args.command {
        None => list(args.json),
        Some(DatasetsCommand::Fetch { name, subset, split, json }) => {
            let source = HubSource { dataset: name.clone(), subset: subset.clone(), split: split.clone(), ..HubSource::default() };
            fetch(&source, *json, voice)
        }
    }
}

fn list(as_json: bool) -> anyhow::Result<Exit> {
    let sets = dataset::survey().map_err(SeamError::from)?;
    if as_json {
        let embedded = json!({ "name": EMBEDDED_NAME, "repository": null, "cached": "inside" });
        out::json(&[embedded].into_iter().chain(sets.iter().map(document)).collect::<Vec<_>>())?;
    } else {
        render::datasets::list(&sets)?;
    }
    Ok(Exit::Ok)
}

fn document(cached: &CachedSet) -> Value {
    let set = cached.set;
    let (state, revision) = match &cached.state {
        CacheState::Whole { revision } => ("whole", Some(revision)),
        CacheState::Part { revision } => ("part", Some(revision)),
        CacheState::Nothing => ("nothing", None),
    };
    json!({
        "name": set.name,
        "aliases": set.aliases,
        "repository": set.repository,
        "subset": set.subset,
        "split": set.split,
        "columns": set.columns,
        "licence": set.licence,
        "about": set.about,
        "cached": state,
        "revision": revision,
    })
}

fn fetch(source: &HubSource, as_json: bool, voice: Voice) -> anyhow::Result<Exit> {
    if !voice.quiet {
        anstream::eprintln!("fetching {}", source.dataset);
    }
    let files = dataset::fetch(source).map_err(SeamError::from)?;
    let files: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
    if as_json {
        out::json(&json!({ "dataset": source.dataset, "files": files }))?
    } else {
        out::line(files.join("\n"))?
    }
    Ok(Exit::Ok)
}

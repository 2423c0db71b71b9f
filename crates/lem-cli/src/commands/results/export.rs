//! `lem results export`.

use super::which::{Written, chosen, loaded};
use crate::args::{ExportArgs, FormatArg};
use crate::commands::Voice;
use crate::exit::Exit;
use crate::render::out;
use lem_domain::protocol::{Fault, SeamError};
use lem_results::ResultsFolder;
use lem_results::export::{Format, Layout, export};
use std::io::IsTerminal;

/// Writes a table of results.
pub(crate) fn run(args: &ExportArgs, voice: Voice) -> anyhow::Result<Exit> {
    let format = Format::from(args.format);
    if format == Format::Parquet && args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(SeamError::new(Fault::Usage, "Parquet is no text, and standard output is a terminal")
            .with_hint("name a file with `--output`, or pipe it")
            .into());
    }
    let file = args.output.as_deref().map(Written::prepare).transpose()?;
    let folder = ResultsFolder::new(args.which.results_dir.clone());
    let results = loaded(&folder, chosen(&folder, &args.which)?, &args.which, voice)?;
    let layout = if args.long { Layout::Long } else { Layout::Wide };
    let bytes = export(&results, format, layout).map_err(SeamError::from)?;
    match file {
        Some(file) => file.write(&bytes, voice)?,
        None => out::bytes(&bytes)?,
    }
    Ok(Exit::Ok)
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Csv => Self::Csv,
            FormatArg::Json => Self::Json,
            FormatArg::Parquet => Self::Parquet,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Latex => Self::Latex,
        }
    }
}

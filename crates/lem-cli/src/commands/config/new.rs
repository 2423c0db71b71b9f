//! `lem config new`: a configuration to start from.

mod ask;
mod commented;

use crate::args::NewArgs;
use crate::exit::Exit;
use crate::overlay;
use crate::render::{self, out};
use anyhow::Context;
use lem_config::{Override, Request, Resolver};
use lem_domain::protocol::{Fault, SeamError};
use serde_json::json;
use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Makes a configuration of flags and answers, checks it and writes it.
pub(crate) fn new(args: &NewArgs) -> anyhow::Result<Exit> {
    let to_stdout = args.output == Path::new("-");
    if !to_stdout && !args.overwrite && args.output.exists() {
        return Err(taken(&args.output).into());
    }
    let mut wishes = Request { preset: args.preset.clone(), overrides: given(args)?, ..Request::default() };
    if !args.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        ask::the_rest(&mut wishes)?;
    }
    let resolver = Resolver::new(&wishes)?;
    let resolved = resolver.resolve(&[])?;
    render::findings::show(resolved.findings.iter().cloned());
    let text = commented::yaml(&resolver.written());
    if to_stdout {
        out::text(text)?;
        return Ok(Exit::Ok);
    }
    let mut options = File::options();
    options.write(true).create(args.overwrite).truncate(args.overwrite).create_new(!args.overwrite);
    let mut file = options.open(&args.output).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow::Error::new(taken(&args.output)),
        _ => anyhow::Error::new(error).context(format!("cannot write `{}`", args.output.display())),
    })?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", args.output.display()))?;
    out::line(format_args!("written to {}; run it with `lem experiment {}`", args.output.display(), args.output.display()))?;
    Ok(Exit::Ok)
}

fn given(args: &NewArgs) -> Result<Vec<Override>, SeamError> {
    let flags = [("model_name", &args.model, "--model"), ("backend", &args.backend, "--backend")];
    let given = flags.into_iter().filter_map(|(path, value, flag)| Some((path, value.as_ref()?, flag)));
    let mut overrides: Vec<Override> =
        given.map(|(path, value, flag)| Override { path: path.to_owned(), value: json!(value), flag: flag.to_owned() }).collect();
    overrides.extend(overlay::assigned(&args.set)?);
    Ok(overrides)
}

fn taken(file: &Path) -> SeamError {
    SeamError::new(Fault::Usage, format!("`{}` is there already", file.display()))
        .with_hint("name another file with `-o`, or write over it with `--overwrite`")
}

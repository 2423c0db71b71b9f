//! What users install: one archive with the program, what shells and `man` need, the licences of everything in it, a bill of
//! materials, and checksums beside it.

mod licences;
mod packages;
mod sbom;

pub(crate) use packages::{Package, shipped};

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::process;

/// Options of `dist`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder that the archive is put into, from the root of the repository
    #[arg(long, value_name = "DIR", default_value = "target/dist")]
    folder: PathBuf,
}

/// Both names of the program.
const PROGRAMS: [&str; 2] = ["lem", "llm-energy-measure"];

/// Documents that go along.
const DOCUMENTS: [&str; 3] = ["README.md", "CHANGELOG.md", "LICENSE"];

/// Shells, and what they call a file of completions.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "lem"), ("zsh", "_lem"), ("fish", "lem.fish")];

/// Builds the archive and looks into it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    build(&arguments.folder).map(|archive| eprintln!("dist: {}", archive.display()))
}

/// Builds the archive into a folder and returns its path.
pub(crate) fn build(folder: &Path) -> Result<PathBuf> {
    process::run(&mut process::cargo(["build", "--workspace", "--release", "--bins"]))?;
    let packages = shipped()?;
    let own = packages.iter().find(|package| package.name == "lem-cli").context("lem-cli is no package of the workspace")?;
    let name = format!("lem-{}-{}", own.version, target()?);
    let folder = process::workspace_root().join(folder);
    let stage = folder.join(&name);
    if stage.exists() {
        fs::remove_dir_all(&stage).with_context(|| format!("cannot clear `{}`", stage.display()))?;
    }
    fill(&stage, &packages)?;

    let archive = folder.join(format!("{name}.tar.gz"));
    pack(&folder, &name, &archive)?;
    let digest = sha256(&fs::read(&archive).with_context(|| format!("cannot read `{}`", archive.display()))?);
    write(&folder.join("SHA256SUMS"), format!("{digest}  {name}.tar.gz\n").as_bytes())?;
    fs::remove_dir_all(&stage).with_context(|| format!("cannot clear `{}`", stage.display()))?;
    check(&folder, &name)?;
    Ok(archive)
}

/// Puts everything that is archived into a folder.
fn fill(stage: &Path, packages: &[Package]) -> Result<()> {
    for program in PROGRAMS {
        let place = stage.join("bin").join(program);
        write(
            &place,
            &fs::read(process::target_folder().join("release").join(program)).with_context(|| format!("`{program}` was not built"))?,
        )?;
        executable(&place)?;
        // Symbols are half of the program and only debuggers want them; without `strip` it is large and works.
        process::succeeds(process::command("strip").arg("--strip-all").arg(&place));
    }
    for document in DOCUMENTS {
        let text = fs::read(process::workspace_root().join(document)).with_context(|| format!("cannot read `{document}`"))?;
        write(&stage.join(document), &text)?;
    }
    for (shell, file) in COMPLETIONS {
        write(&stage.join("completions").join(shell).join(file), process::read(process::lem().args(["completions", shell]))?.as_bytes())?;
    }
    for (file, text) in pages()? {
        write(&stage.join("man/man1").join(file), text.as_bytes())?;
    }
    write(&stage.join("THIRD-PARTY-LICENCES.txt"), licences::texts(packages)?.as_bytes())?;
    write(&stage.join("sbom.cdx.json"), sbom::document(packages)?.as_bytes())
}

/// The pages of the manual, as the program itself writes them: of the program and of each of its commands, which are those
/// that the reference has a section on.
fn pages() -> Result<Vec<(String, String)>> {
    let reference = fs::read_to_string(process::workspace_root().join("docs/cli.md")).context("cannot read docs/cli.md")?;
    let names = reference.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    let page = |name: &str| {
        let words: Vec<&str> = name.split(' ').collect();
        Ok((format!("{}.1", words.join("-")), process::read(process::lem().arg("man").args(&words[1..]))?))
    };
    names.map(page).collect()
}

/// The same bytes for the same content: names in order, no owner, and the time of the last commit.
fn pack(folder: &Path, name: &str, archive: &Path) -> Result<()> {
    let time = process::read(process::command("git").args(["log", "-1", "--format=%ct"]))?;
    let tar = archive.with_extension("");
    let mut command = process::command("tar");
    command.arg("-C").arg(folder).args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    process::run(command.arg(format!("--mtime=@{}", time.trim())).arg("-cf").arg(&tar).arg(name))?;
    process::run(process::command("gzip").args(["-9", "-n", "-f"]).arg(&tar))
}

/// Unpacks the archive again and holds it to what it promises.
fn check(folder: &Path, name: &str) -> Result<()> {
    let place = folder.join("unpacked");
    fs::create_dir_all(&place).with_context(|| format!("cannot make `{}`", place.display()))?;
    process::run(process::command("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(folder))?;
    process::run(process::command("tar").arg("-C").arg(&place).arg("-xzf").arg(folder.join(format!("{name}.tar.gz"))))?;
    let root = place.join(name);
    for program in PROGRAMS {
        let said = process::read(process::command(root.join("bin").join(program)).arg("--version"))?;
        ensure!(said.starts_with("lem "), "`{program} --version` of the archive says `{}`", said.trim());
    }
    let needed =
        ["completions/bash/lem", "completions/zsh/_lem", "completions/fish/lem.fish", "man/man1/lem.1", "THIRD-PARTY-LICENCES.txt"];
    for file in needed.iter().chain(&DOCUMENTS) {
        let length = fs::metadata(root.join(file)).with_context(|| format!("the archive lacks `{file}`"))?.len();
        ensure!(length > 0, "`{file}` of the archive is empty");
    }
    sbom::check(&fs::read(root.join("sbom.cdx.json")).context("the archive lacks its bill of materials")?)?;
    fs::remove_dir_all(&place).with_context(|| format!("cannot clear `{}`", place.display()))
}

/// The triple that the compiler builds for.
fn target() -> Result<String> {
    let version = process::read(process::command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    Ok(host.to_owned())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().context("a file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    fs::write(path, content).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(|| format!("cannot make `{}` executable", path.display()))
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> Result<()> {
    Ok(())
}

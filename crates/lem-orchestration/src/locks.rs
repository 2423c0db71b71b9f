//! Measurement locks: two runs that share a device would measure each other.
//!
//! A lock is a file that stays locked while its holder lives, so that nothing is left behind by a run that was killed.

use lem_domain::backend::Backend;
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::spec::{ExperimentSpec, Launch};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// One thing that is measured, and whether others may be measured beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// `host`, or `gpu-` and its number.
    pub name: String,
    /// Whether nobody else may measure it at the same time.
    pub is_alone: bool,
}

/// Locks that are held until this is dropped.
#[derive(Debug)]
pub struct Locks(#[expect(dead_code, reason = "closing the files lets go of them")] Vec<File>);

/// What a run claims: the boards that it is told to use, each for itself, and the host beside other runs on other boards;
/// or the host for itself, where it runs on the processor or nobody says on which boards. A simulated machine is nobody
/// else's, and a server elsewhere is not measured here.
#[must_use]
pub fn claims(spec: &ExperimentSpec) -> Vec<Claim> {
    let host = |is_alone| Claim { name: "host".to_owned(), is_alone };
    let is_elsewhere = spec.server.as_ref().is_some_and(|server| matches!(server.launch, Launch::Attach { .. }));
    match spec.placement.gpus.as_deref() {
        _ if spec.backend == Backend::Virtual => Vec::new(),
        _ if is_elsewhere => vec![host(false)],
        Some(gpus @ [_, ..]) => {
            let boards = gpus.iter().map(|gpu| Claim { name: format!("gpu-{gpu}"), is_alone: true });
            boards.chain([host(false)]).collect()
        }
        _ => vec![host(true)],
    }
}

/// Takes all of them, or none.
///
/// # Errors
/// When another run holds one, or the folder cannot be written.
pub fn take(folder: &Path, claims: &[Claim]) -> Result<Locks, SeamError> {
    if claims.is_empty() {
        return Ok(Locks(Vec::new()));
    }
    share(folder).map_err(|error| unusable(folder, error))?;
    claims.iter().map(|claim| lock(folder, claim)).collect::<Result<_, _>>().map(Locks)
}

/// Makes the folder, for all users of the host: each may add to it, and remove only what is theirs.
fn share(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, fs::Permissions::from_mode(0o1777)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn lock(folder: &Path, claim: &Claim) -> Result<File, SeamError> {
    let path = folder.join(format!("{}.lock", claim.name));
    let open = || {
        let file = File::options().create(true).read(true).append(true).open(&path)?;
        // The umask took from it what other users need; who did not make it may not change that, and need not.
        let _ = file.set_permissions(fs::Permissions::from_mode(0o666));
        Ok(file)
    };
    let mut file: File = open().map_err(|error| unusable(&path, error))?;
    match if claim.is_alone { file.try_lock() } else { file.try_lock_shared() } {
        Ok(()) => {
            if claim.is_alone {
                // A note for people; that the file is locked is what counts.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            }
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let by = if holder.trim().is_empty() { String::new() } else { format!(", by process {}", holder.trim()) };
            Err(SeamError::new(Fault::Preflight, format!("another run is measuring `{}`{by}", claim.name))
                .with_hint("wait until it has ended; `--no-lock` measures all the same, and both runs measure each other"))
        }
        Err(TryLockError::Error(error)) => Err(unusable(&path, error)),
    }
}

fn unusable(path: &Path, error: io::Error) -> SeamError {
    SeamError::new(Fault::Preflight, format!("cannot lock `{}`", path.display()))
        .because(error)
        .with_hint("name a folder of your own by LEM_RUNTIME_DIR, or leave the lock out with `--no-lock`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::spec::{PlacementSpec, TokenLimits};

    fn spec(backend: Backend, gpus: Option<Vec<u32>>) -> ExperimentSpec {
        let limits = TokenLimits { max_input: 8, max_output: 8, min_output: 0 };
        let placement = PlacementSpec { gpus, ..PlacementSpec::default() };
        ExperimentSpec { placement, ..ExperimentSpec::plain(backend, "m", limits, 1) }
    }

    #[test]
    fn boards_are_claimed_one_by_one_and_the_processor_as_a_whole() {
        let check = |backend, gpus, expected: &[(&str, bool)]| {
            let claims = claims(&spec(backend, gpus));
            let claims: Vec<_> = claims.iter().map(|claim| (claim.name.as_str(), claim.is_alone)).collect();
            assert_eq!(claims, expected);
        };
        check(Backend::Candle, None, &[("host", true)]);
        check(Backend::Candle, Some(Vec::new()), &[("host", true)]);
        check(Backend::Candle, Some(vec![0, 3]), &[("gpu-0", true), ("gpu-3", true), ("host", false)]);
        check(Backend::Virtual, Some(vec![0]), &[]);
    }

    #[test]
    fn runs_on_other_boards_share_the_host_and_no_board() {
        let place = std::env::temp_dir().join(format!("lem-locks-{}", std::process::id()));
        let on = |gpus: &[u32]| take(&place, &claims(&spec(Backend::Candle, Some(gpus.to_vec()))));
        let first = on(&[0]).expect("free");
        let second = on(&[1]).expect("another board");
        let refused = on(&[1, 2]).expect_err("taken");
        assert!(refused.what.contains("`gpu-1`") && refused.what.contains(&std::process::id().to_string()), "{refused}");
        assert!(take(&place, &claims(&spec(Backend::Candle, None))).is_err(), "the processor is read by both");
        drop((first, second));
        let alone = on(&[]).expect("nobody is left");
        assert!(on(&[0]).is_err());
        drop(alone);
        fs::remove_dir_all(&place).expect("removed");
    }
}

//! The user's own defaults for this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `$LEM_CONFIG`, which has to be there, else `lem/config.toml` below the user's configuration folder (XDG Base Directory
/// Specification) when it is there. An empty variable counts as absent, and so does an `XDG_CONFIG_HOME` that is no absolute
/// path.
pub(crate) fn user_file() -> Option<PathBuf> {
    choose(|name| std::env::var_os(name), std::env::home_dir(), Path::exists)
}

fn choose(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>, exists: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || {
        let folder = path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let below_home = || home.filter(|path| path.is_absolute()).map(|home| home.join(".config"));
        Some(folder.or_else(below_home)?.join("lem/config.toml")).filter(|file| exists(file))
    };
    path("LEM_CONFIG").or_else(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], home: Option<&str>, there: &[&str], expected: Option<&str>) {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        let exists = |file: &Path| there.iter().any(|known| Path::new(known) == file);
        assert_eq!(choose(variable, home.map(PathBuf::from), exists), expected.map(PathBuf::from), "{variables:?} {home:?}");
    }

    #[test]
    fn the_nearest_wish_wins_and_what_is_not_there_is_no_wish() {
        let (named, folder) = (("LEM_CONFIG", "mine.yaml"), ("XDG_CONFIG_HOME", "/c"));
        check(&[named, folder], Some("/home/a"), &["/c/lem/config.toml"], Some("mine.yaml"));
        check(&[folder], Some("/home/a"), &["/c/lem/config.toml", "/home/a/.config/lem/config.toml"], Some("/c/lem/config.toml"));
        check(&[folder], Some("/home/a"), &["/home/a/.config/lem/config.toml"], None);
        check(&[("LEM_CONFIG", "")], Some("/home/a"), &["/home/a/.config/lem/config.toml"], Some("/home/a/.config/lem/config.toml"));
        check(&[], Some("relative"), &["relative/.config/lem/config.toml"], None);
        check(&[], None, &[], None);
    }
}

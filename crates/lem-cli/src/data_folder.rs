//! Where what is known of this machine is kept between runs.

use std::ffi::OsString;
use std::path::PathBuf;

/// `$LEM_DATA_DIR`, else `lem` below the user's data folder (XDG Base Directory Specification); `None` for a user
/// without a home. An empty variable counts as absent, and so does an `XDG_DATA_HOME` that is no absolute path.
pub(crate) fn data_folder() -> Option<PathBuf> {
    choose(|name| std::env::var_os(name), std::env::home_dir())
}

fn choose(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user_data = || path("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let below_home = || home.filter(|path| path.is_absolute()).map(|home| home.join(".local/share"));
    path("LEM_DATA_DIR").or_else(|| Some(user_data().or_else(below_home)?.join("lem")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], home: Option<&str>, expected: Option<&str>) {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        assert_eq!(choose(variable, home.map(PathBuf::from)), expected.map(PathBuf::from), "{variables:?} {home:?}");
    }

    #[test]
    fn the_nearest_wish_wins_and_nothing_is_made_up() {
        let (own, xdg) = (("LEM_DATA_DIR", "here"), ("XDG_DATA_HOME", "/data"));
        check(&[own, xdg], Some("/home/a"), Some("here"));
        check(&[xdg], Some("/home/a"), Some("/data/lem"));
        check(&[("LEM_DATA_DIR", ""), ("XDG_DATA_HOME", "relative")], Some("/home/a"), Some("/home/a/.local/share/lem"));
        check(&[], Some(""), None);
        check(&[], None, None);
    }
}

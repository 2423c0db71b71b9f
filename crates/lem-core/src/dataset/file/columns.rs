//! Which columns of a file are read.

use crate::dataset::DatasetError;
use std::path::Path;

/// The columns that are wanted: those that were asked for, else the first usual one that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Names that were asked for; all of them must be there.
    pub(crate) asked: &'a [String],
    /// Names that are looked for when none was asked for, the likeliest first. A name with a `+` stands for two
    /// columns, which are both taken.
    pub(crate) usual: &'a [&'a str],
}

impl Wanted<'_> {
    /// Positions of the wanted columns among those that are there.
    pub(super) fn choose<T: AsRef<str>>(&self, path: &Path, present: &[T]) -> Result<Vec<usize>, DatasetError> {
        let position = |name: &str| present.iter().position(|column| column.as_ref() == name);
        let found = if self.asked.is_empty() {
            self.usual.iter().find_map(|name| name.split('+').map(position).collect())
        } else {
            self.asked.iter().map(|name| position(name)).collect()
        };
        found.ok_or_else(|| DatasetError::NoColumn {
            path: path.to_owned(),
            asked: self.asked.to_vec(),
            usual: self.usual.iter().map(|&name| name.to_owned()).collect(),
            present: present.iter().map(|name| name.as_ref().to_owned()).collect(),
        })
    }

    /// Refuses a file without columns when some were asked for.
    pub(super) fn of_no_columns(&self, path: &Path) -> Result<(), DatasetError> {
        if self.asked.is_empty() { Ok(()) } else { self.choose::<String>(path, &[]).map(|_| ()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_asked_for_or_the_likeliest() {
        let present = ["id", "input", "instruction", "output"];
        let choose = |asked: &[&str], usual: &[&str]| {
            let asked: Vec<_> = asked.iter().map(|&name| name.to_owned()).collect();
            Wanted { asked: &asked, usual }.choose(Path::new("x"), &present).ok()
        };
        assert_eq!(choose(&["output", "id"], &["input"]), Some(vec![3, 0]));
        assert_eq!(choose(&["output", "gone"], &["input"]), None);
        assert_eq!(choose(&[], &["text", "instruction+input", "instruction"]), Some(vec![2, 1]));
        assert_eq!(choose(&[], &["text", "instruction+context", "instruction"]), Some(vec![2]));
        assert_eq!(choose(&[], &["text"]), None);
    }
}

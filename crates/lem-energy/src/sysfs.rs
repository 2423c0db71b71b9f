//! Files of one value, as the kernel shows sensors below `/sys`.

use crate::channel::ReadValue;
use lem_domain::units::{Celsius, Hertz, Joules, Watts};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Room for the longest 64-bit number, its sign and the end of the line; a fuller file holds something else.
const LONGEST: usize = 32;

/// A file that holds one whole number and is read again and again without being opened again.
#[derive(Debug)]
pub(crate) struct NumberFile(File);

impl NumberFile {
    /// Opens the file.
    ///
    /// # Errors
    /// When it is not there or may not be read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }

    /// The number that the file holds now. Allocates nothing.
    ///
    /// # Errors
    /// When the driver refuses, and `InvalidData` when the file does not hold one whole line with one number: an empty
    /// file and a line that is still being written are no values.
    pub(crate) fn read(&self) -> io::Result<i64> {
        let mut buffer = [0; LONGEST];
        let length = self.0.read_at(&mut buffer, 0)?;
        let line = buffer[..length].split_last().filter(|(last, _)| **last == b'\n').map(|(_, line)| line);
        let number = line.and_then(|line| std::str::from_utf8(line).ok()).and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The number, where a negative one would make no sense.
    pub(crate) fn read_unsigned(&self) -> Option<u64> {
        self.read().ok().and_then(|number| u64::try_from(number).ok())
    }
}

/// A file by the unit that its driver documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// Energy.
    Microjoules(PathBuf),
    /// Power.
    Microwatts(PathBuf),
    /// Temperature.
    Millidegrees(PathBuf),
    /// Frequency.
    Hertz(PathBuf),
}

impl Attribute {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Microjoules(path) | Self::Microwatts(path) | Self::Millidegrees(path) | Self::Hertz(path) => path,
        }
    }

    /// Opens the file and reads it once, so that what cannot be read is known before it is relied on.
    ///
    /// # Errors
    /// When it cannot be opened or does not hold a number.
    pub(crate) fn open(&self) -> io::Result<ReadValue> {
        let file = NumberFile::open(self.path())?;
        file.read()?;
        Ok(match self {
            Self::Microjoules(_) => Box::new(move || file.read_unsigned().map(|raw| Joules::from_microjoules(raw).get())),
            Self::Microwatts(_) => Box::new(move || file.read_unsigned().map(|raw| Watts::from_microwatts(raw).get())),
            Self::Millidegrees(_) => Box::new(move || file.read().ok().map(|raw| Celsius::from_millidegrees(raw).get())),
            Self::Hertz(_) => Box::new(move || file.read_unsigned().map(|raw| Hertz::from_hertz(raw).get())),
        })
    }
}

/// The content of a file of one line, without its end; `None` when it cannot be read or is empty.
pub(crate) fn read_line(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The number in a file; `None` when there is none.
pub(crate) fn read_number<T: std::str::FromStr>(path: &Path) -> Option<T> {
    read_line(path)?.parse().ok()
}

/// Names of the entries of a folder, in order of the alphabet; none when it cannot be read.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let Ok(listing) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = listing.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Folders `prefix0`, `prefix1`, … below a folder, in the order of their numbers.
pub(crate) fn numbered(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> =
        entries(folder).iter().filter_map(|name| Some((name.strip_prefix(prefix)?.parse().ok()?, folder.join(name)))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_line_with_one_number_is_a_value() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("energy_uj");
        let check = |content: &str, expected: Option<i64>| {
            fs::write(&path, content).expect("written");
            assert_eq!(NumberFile::open(&path).expect("there").read().ok(), expected, "{content:?}");
        };
        check("123\n", Some(123));
        check("000123   \n", Some(123));
        check("-5\n", Some(-5));
        check("", None);
        check("12", None);
        check("12 34\n", None);
        check("watts\n", None);
        check(&"1".repeat(40), None);
        assert!(NumberFile::open(folder.path()).expect("a folder opens").read().is_err(), "and is no number");
    }

    #[test]
    fn numbered_folders_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["hwmon10", "hwmon2", "hwmon", "other1"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        assert_eq!(numbered(folder.path(), "hwmon"), [folder.path().join("hwmon2"), folder.path().join("hwmon10")]);
    }
}

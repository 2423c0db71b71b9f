//! Names of experiments: sortable by time, unique without coordination.

use jiff::Timestamp;
use lem_domain::ExperimentId;
use std::time::SystemTime;

/// Crockford's base 32: no letters that read as digits. <https://www.crockford.com/base32.html>
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Random characters of an id, 5 bits each: two ids of the same millisecond meet once in 2⁴⁰.
const RANDOM_CHARACTERS: usize = 8;

/// A new id such as `20261124T035644.123Z-7k2m9x0q`, from wall time in UTC and 40 random bits of the operating system.
///
/// Ids sort by time to the millisecond and do not meet across processes and hosts. A wall time that a calendar of four
/// digits cannot show counts as the epoch.
///
/// # Panics
/// When the operating system has no random source, which Linux has from early boot on.
#[must_use]
pub fn new_experiment_id(wall: SystemTime) -> ExperimentId {
    let wall = Timestamp::try_from(wall).ok().filter(|wall| *wall >= Timestamp::UNIX_EPOCH).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut random = [0; RANDOM_CHARACTERS];
    getrandom::fill(&mut random).expect("the operating system has a random source once it runs programs");
    let suffix: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    let text = format!("{}-{suffix}", wall.strftime("%Y%m%dT%H%M%S%.3fZ"));
    text.parse().expect("digits, letters, dots and dashes make an id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_time_is_utc_and_keeps_its_zeros() {
        let check = |millis: u64, expected: &str| {
            let id = new_experiment_id(UNIX_EPOCH + Duration::from_millis(millis));
            assert!(id.as_str().starts_with(expected), "{id}");
            assert_eq!(id.as_str().len(), "20261124T035644.123Z-7k2m9x0q".len());
        };
        check(1_795_492_604_123, "20261124T035644.123Z-");
        check(1_795_492_604_000, "20261124T035644.000Z-");
        check(1_795_492_604_007, "20261124T035644.007Z-");
    }

    #[test]
    fn a_clock_before_its_epoch_still_gives_an_id() {
        let id = new_experiment_id(UNIX_EPOCH - Duration::from_secs(1));
        assert!(id.as_str().starts_with("19700101T000000.000Z-"), "{id}");
    }

    #[test]
    fn a_thousand_ids_from_parallel_threads_are_unique_and_sort_by_time() {
        let made: Vec<(u64, ExperimentId)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let ids = (0..125u64).map(|step| (step / 5, new_experiment_id(UNIX_EPOCH + Duration::from_millis(step / 5))));
                        ids.collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let unique: BTreeSet<&ExperimentId> = made.iter().map(|(_, id)| id).collect();
        assert_eq!(unique.len(), 1_000);
        let mut by_id = made.clone();
        by_id.sort_by(|a, b| a.1.cmp(&b.1));
        assert!(by_id.is_sorted_by_key(|(millis, _)| *millis));
    }
}

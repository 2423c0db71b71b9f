//! How many connections this process may have at once.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit of open files to what this process may ask for. Where it may not, connections beyond the limit fail and
/// say so.
pub(crate) fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

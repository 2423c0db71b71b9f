//! lem-tests

//! A slice that several threads write to, each in places of its own: the borrow checker cannot see that the columns of a
//! row-major matrix do not overlap.

use std::marker::PhantomData;

/// A slice lent to all threads of a job.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    length: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: it is a mutable borrow that threads share; that they keep apart is what callers of `part` promise.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), length: slice.len(), lifetime: PhantomData }
    }

    /// The part that starts at `at`.
    ///
    /// # Panics
    /// When it does not lie in the slice.
    ///
    /// # Safety
    /// No other thread, and no other part that is still in use, touches it.
    #[inline]
    pub(crate) unsafe fn part(&self, at: usize, length: usize) -> &'a mut [T] {
        assert!(at <= self.length && length <= self.length - at, "{length} elements at {at} of {}", self.length);
        // SAFETY: within the slice, and nobody else's by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), length) }
    }
}

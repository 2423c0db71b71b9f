//! Who sent a signal: the kernel, as it does when a key is pressed on the terminal, or a process.

#![expect(unsafe_code, reason = "an action that runs inside a signal handler")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the last signal of a kind came from.
#[derive(Clone, Debug, Default)]
pub(super) struct Sender(Arc<AtomicBool>);

impl Sender {
    /// Of a signal, from now on. What listens for the same signal afterwards hears of it after this has been noted.
    pub(super) fn of(signal: i32) -> io::Result<Self> {
        let sender = Self::default();
        let is_kernel = Arc::clone(&sender.0);
        // SAFETY: the action stores into an atomic and does nothing else: it neither allocates, locks nor unwinds.
        unsafe {
            signal_hook_registry::register_sigaction(signal, move |info| {
                // Positive codes are the kernel's, see sigaction(2); what kill(2) and its like send is not above zero.
                is_kernel.store(info.si_code > 0, Ordering::Relaxed);
            })
        }?;
        Ok(sender)
    }

    /// Whether the kernel sent it.
    pub(super) fn is_kernel(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

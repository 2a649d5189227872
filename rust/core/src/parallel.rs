//! Work shared between threads without the answer depending on how many there are.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

/// The work was told to stop by its [`Interrupt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// A question that long work asks between its pieces: shall I stop?
///
/// `Interrupt::never()` is the answer "no" for callers that cannot be interrupted.
#[derive(Clone, Copy)]
pub struct Interrupt<'a>(Option<&'a (dyn Fn() -> bool + Sync)>);

impl<'a> Interrupt<'a> {
    /// Work that runs to its end.
    #[must_use]
    pub const fn never() -> Self {
        Self(None)
    }

    /// Work that stops soon after `stop` answers true. `stop` may be called from any thread and
    /// often; it should answer in nanoseconds most of the time.
    #[must_use]
    pub const fn when(stop: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self(Some(stop))
    }

    /// `Err(Interrupted)` once the work should stop.
    ///
    /// # Errors
    /// [`Interrupted`], and nothing else.
    pub fn check(&self) -> Result<(), Interrupted> {
        match self.0 {
            Some(stop) if stop() => Err(Interrupted),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Interrupt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "Interrupt::never()",
            Some(_) => "Interrupt::when(..)",
        })
    }
}

/// The number of threads to use when the caller named none: the processors this process may use.
#[must_use]
pub fn available_threads() -> usize {
    // Asked once: the answer takes the system longer than a small call takes here.
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Calls `work(0)`, `work(1)`, ..., `work(count - 1)`, on up to `threads` threads.
///
/// The same as `(0..count).try_for_each(work)`, also in which error comes back: indices are handed
/// out in order and every index below a failing one is finished, so the lowest failing index wins.
/// The calling thread takes its share, and no thread outlives the call (so a process may fork
/// afterwards). `interrupt` is asked before each index.
///
/// # Panics
/// As `work` does, with its message.
///
/// # Errors
/// The error of the lowest index that failed, or [`Interrupted`] as the caller's error type.
pub fn for_each<E, F>(
    threads: usize,
    count: usize,
    interrupt: Interrupt<'_>,
    work: F,
) -> Result<(), E>
where
    E: From<Interrupted> + Send,
    F: Fn(usize) -> Result<(), E> + Sync,
{
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        for index in 0..count {
            interrupt.check()?;
            work(index)?;
        }
        return Ok(());
    }

    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let first_error: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let panicked: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);
    let fail = |index: usize, error: E| {
        stop.store(true, Ordering::Relaxed);
        if let Ok(mut slot) = first_error.lock()
            && slot.as_ref().is_none_or(|(known, _)| index < *known)
        {
            *slot = Some((index, error));
        }
    };
    let worker = || {
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let piece = || {
                interrupt
                    .check()
                    .map_err(E::from)
                    .and_then(|()| work(index))
            };
            // Caught, since a scope would raise a panic without its message.
            match catch_unwind(AssertUnwindSafe(piece)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => fail(index, error),
                Err(payload) => {
                    stop.store(true, Ordering::Relaxed);
                    if let Ok(mut slot) = panicked.lock() {
                        *slot = Some(payload);
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // A system that has no thread left to give leaves more work to those there are.
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    if let Ok(Some(payload)) = panicked.into_inner() {
        resume_unwind(payload);
    }
    match first_error.into_inner() {
        Ok(Some((_, error))) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[derive(Debug, PartialEq)]
    enum Fault {
        At(usize),
        Stopped,
    }

    impl From<Interrupted> for Fault {
        fn from(_: Interrupted) -> Self {
            Self::Stopped
        }
    }

    #[test]
    fn every_index_runs_once() {
        for threads in [1, 2, 7, 64] {
            let sum = AtomicU64::new(0);
            for_each::<Fault, _>(threads, 1000, Interrupt::never(), |index| {
                sum.fetch_add(1 << (index % 2), Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
            assert_eq!(sum.into_inner(), 500 + 1000);
        }
    }

    #[test]
    fn the_lowest_failing_index_wins_for_any_thread_count() {
        for threads in [1, 2, 7] {
            for _ in 0..50 {
                let outcome = for_each(threads, 200, Interrupt::never(), |index| {
                    if index >= 23 {
                        Err(Fault::At(index))
                    } else {
                        thread::yield_now();
                        Ok(())
                    }
                });
                assert_eq!(outcome, Err(Fault::At(23)));
            }
        }
    }

    #[test]
    fn an_interrupt_stops_the_work() {
        let stop = || true;
        for threads in [1, 3] {
            let outcome: Result<(), Fault> =
                for_each(threads, 10, Interrupt::when(&stop), |index| {
                    Err(Fault::At(index))
                });
            assert_eq!(outcome, Err(Fault::Stopped));
        }
    }

    #[test]
    fn a_panic_keeps_its_message() {
        for threads in [1, 3] {
            let panic = catch_unwind(|| {
                for_each::<Fault, _>(threads, 100, Interrupt::never(), |index| {
                    assert_ne!(index, 40, "the fortieth");
                    Ok(())
                })
            });
            let payload = panic.unwrap_err();
            let message = payload.downcast_ref::<String>().unwrap();
            assert!(message.contains("the fortieth"));
        }
    }

    #[test]
    fn nothing_to_do_is_done() {
        let outcome = for_each(4, 0, Interrupt::never(), |index| Err(Fault::At(index)));
        assert_eq!(outcome, Ok(()));
    }
}

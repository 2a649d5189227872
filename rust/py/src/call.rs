//! The one way from Python into the core, and back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use medfast::ErrorKind;
use medfast::parallel::Interrupt;
use pyo3::prelude::*;

/// How long work runs between two looks at Python's signals.
const SIGNAL_INTERVAL_MS: u64 = 50;

/// Runs `work` with the GIL released; Ctrl-C stops it at its next [`Interrupt::check`], an error
/// becomes the exception of its kind, and a panic becomes `medfast.errors.InternalError`.
pub fn detached<T, E, F>(py: Python<'_>, work: F) -> PyResult<T>
where
    T: Send,
    E: Into<medfast::Error> + Send,
    F: FnOnce(Interrupt<'_>) -> Result<T, E> + Send,
{
    let caller = std::thread::current().id();
    let start = Instant::now();
    let next_look = AtomicU64::new(SIGNAL_INTERVAL_MS);
    let stopped = AtomicBool::new(false);
    let signal: Mutex<Option<PyErr>> = Mutex::new(None);
    let stop = || {
        if stopped.load(Ordering::Relaxed) {
            return true;
        }
        // Python delivers signals to its main thread alone; a worker thread would look in vain.
        if std::thread::current().id() != caller {
            return false;
        }
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < next_look.load(Ordering::Relaxed) {
            return false;
        }
        next_look.store(now.saturating_add(SIGNAL_INTERVAL_MS), Ordering::Relaxed);
        if let Err(error) = Python::attach(|py| py.check_signals()) {
            stopped.store(true, Ordering::Relaxed);
            if let Ok(mut slot) = signal.lock() {
                *slot = Some(error);
            }
            return true;
        }
        false
    };
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(Interrupt::when(&stop)))));
    if let Ok(Some(error)) = signal.into_inner() {
        return Err(error);
    }
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(raise(py, &error.into())),
        Err(panic) => Err(exception(py, "InternalError", panic_message(&*panic))),
    }
}

/// The Python exception for a core error: one table, by kind.
pub fn raise(py: Python<'_>, error: &medfast::Error) -> PyErr {
    let class = match error.kind() {
        ErrorKind::NotFound => "DatasetNotFoundError",
        ErrorKind::Io => "StorageError",
        ErrorKind::Corrupt => "CorruptDatasetError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Limit => "LimitExceededError",
        ErrorKind::Shape => "ShapeError",
        ErrorKind::Value => "InvalidValueError",
        ErrorKind::Config => "ConfigError",
        // Any other kind is new and belongs in this table.
        ErrorKind::Interrupted | _ => "InternalError",
    };
    exception(py, class, error.to_string())
}

/// The exception for an array that a call on another thread borrowed in a way that excludes this.
pub fn in_use(py: Python<'_>, name: &str) -> PyErr {
    let message = format!("{name} is in use by another call; give each call an array of its own");
    exception(py, "ShapeError", message)
}

/// Whether an environment variable that switches something is `on`, `off` or not set.
pub fn check_switch(py: Python<'_>, variable: &str) -> PyResult<()> {
    match std::env::var_os(variable) {
        Some(value) if value != "on" && value != "off" => {
            let message = format!(
                "expected the environment variable {variable} as on or off, got {value:?}; unset it \
                 for the default"
            );
            Err(exception(py, "ConfigError", message))
        }
        _ => Ok(()),
    }
}

fn exception(py: Python<'_>, class: &str, message: String) -> PyErr {
    let build = || {
        py.import("medfast.errors")?
            .getattr(class)?
            .call1((message,))
    };
    build().map_or_else(|error| error, PyErr::from_value)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("medfast has a bug: {text}. Please report it with the call that led here.")
}

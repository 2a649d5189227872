//! What a caller is willing to spend on a file.

/// Checked before memory is taken. The defaults are generous for MedMNIST, whose largest file
/// (PathMNIST at 224 pixels) has six members and inflates to 16.1 GB.
///
/// Limits may be added: start from [`Limits::DEFAULT`] and name what is to differ.
///
/// ```
/// let limits = medfast::npz::Limits::DEFAULT.with_max_inflated_bytes(1 << 30);
/// assert_eq!(limits.max_members, 1 << 16);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one array's `.npy` header. The default is the most that version 1.0 can state.
    pub max_header_bytes: usize,
    /// Members of an archive.
    pub max_members: usize,
    /// Bytes, once inflated, of all the members that are asked for together.
    pub max_inflated_bytes: u64,
}

impl Limits {
    /// 64 KiB of header, 65,536 members, 64 GiB inflated.
    pub const DEFAULT: Self = Self {
        max_header_bytes: 1 << 16,
        max_members: 1 << 16,
        max_inflated_bytes: 1 << 36,
    };

    /// The same with another [`max_header_bytes`](Self::max_header_bytes).
    #[must_use]
    pub const fn with_max_header_bytes(mut self, bytes: usize) -> Self {
        self.max_header_bytes = bytes;
        self
    }

    /// The same with another [`max_members`](Self::max_members).
    #[must_use]
    pub const fn with_max_members(mut self, members: usize) -> Self {
        self.max_members = members;
        self
    }

    /// The same with another [`max_inflated_bytes`](Self::max_inflated_bytes).
    #[must_use]
    pub const fn with_max_inflated_bytes(mut self, bytes: u64) -> Self {
        self.max_inflated_bytes = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

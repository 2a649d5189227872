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
    /// Bytes of the headers of all the members that are asked for together. What is made of a header
    /// takes up to 16 times its bytes.
    pub max_total_header_bytes: u64,
    /// Axes of an array. numpy has no more than 64.
    pub max_dims: usize,
    /// Members of an archive.
    pub max_members: usize,
    /// Bytes of the archive's directory, which holds all the names.
    pub max_directory_bytes: u64,
    /// Bytes, once inflated, of all the members that are asked for together.
    pub max_inflated_bytes: u64,
    /// Bytes that one byte of a member in the archive may inflate to, on average. Deflate reaches no
    /// more than 1032, on zeros; pixels stay below 20.
    pub max_ratio: u64,
}

impl Limits {
    /// 64 KiB for a header and 16 MiB for all of them, 64 axes, 65,536 members in a directory of
    /// 64 MiB, 64 GiB inflated at any ratio of deflate's.
    pub const DEFAULT: Self = Self {
        max_header_bytes: 1 << 16,
        max_total_header_bytes: 1 << 24,
        max_dims: 64,
        max_members: 1 << 16,
        max_directory_bytes: 1 << 26,
        max_inflated_bytes: 1 << 36,
        max_ratio: 1032,
    };

    /// The same with another [`max_header_bytes`](Self::max_header_bytes).
    #[must_use]
    pub const fn with_max_header_bytes(mut self, bytes: usize) -> Self {
        self.max_header_bytes = bytes;
        self
    }

    /// The same with another [`max_total_header_bytes`](Self::max_total_header_bytes).
    #[must_use]
    pub const fn with_max_total_header_bytes(mut self, bytes: u64) -> Self {
        self.max_total_header_bytes = bytes;
        self
    }

    /// The same with another [`max_dims`](Self::max_dims).
    #[must_use]
    pub const fn with_max_dims(mut self, dims: usize) -> Self {
        self.max_dims = dims;
        self
    }

    /// The same with another [`max_members`](Self::max_members).
    #[must_use]
    pub const fn with_max_members(mut self, members: usize) -> Self {
        self.max_members = members;
        self
    }

    /// The same with another [`max_directory_bytes`](Self::max_directory_bytes).
    #[must_use]
    pub const fn with_max_directory_bytes(mut self, bytes: u64) -> Self {
        self.max_directory_bytes = bytes;
        self
    }

    /// The same with another [`max_inflated_bytes`](Self::max_inflated_bytes).
    #[must_use]
    pub const fn with_max_inflated_bytes(mut self, bytes: u64) -> Self {
        self.max_inflated_bytes = bytes;
        self
    }

    /// The same with another [`max_ratio`](Self::max_ratio).
    #[must_use]
    pub const fn with_max_ratio(mut self, ratio: u64) -> Self {
        self.max_ratio = ratio;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

//! What a caller is willing to spend on a file.

/// Checked before memory is taken. The defaults are generous for MedMNIST, whose largest file
/// (PathMNIST at 224 pixels) has six members and inflates to 16.1 GB.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

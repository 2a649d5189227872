//! Archives made byte by byte.

use libdeflater::{CompressionLvl, Compressor, crc32};

/// A member, and what its two headers state of it.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub version: u16,
    pub flags: u16,
    pub method: u16,
    pub crc32: u32,
    pub inflated_len: u32,
    pub compressed_len: u32,
    /// Where the directory says that the local header is; where it really is by default.
    pub offset: Option<u32>,
    pub extra: Vec<u8>,
    pub local_extra: Vec<u8>,
    pub bytes: Vec<u8>,
    /// What follows the bytes.
    pub descriptor: Vec<u8>,
}

pub fn stored(name: &str, npy: &[u8]) -> Entry {
    let length = u32::try_from(npy.len()).unwrap();
    Entry {
        name: name.into(),
        version: 20,
        flags: 0,
        method: 0,
        crc32: crc32(npy),
        inflated_len: length,
        compressed_len: length,
        offset: None,
        extra: Vec::new(),
        local_extra: Vec::new(),
        bytes: npy.to_vec(),
        descriptor: Vec::new(),
    }
}

pub fn deflated(name: &str, npy: &[u8]) -> Entry {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut bytes = vec![0; compressor.deflate_compress_bound(npy.len())];
    let length = compressor.deflate_compress(npy, &mut bytes).unwrap();
    bytes.truncate(length);
    Entry {
        method: 8,
        compressed_len: u32::try_from(length).unwrap(),
        bytes,
        ..stored(name, npy)
    }
}

/// A `.npy` array with any text for its header.
pub fn npy(version: u8, text: &[u8], data: &[u8]) -> Vec<u8> {
    let mut npy = [b"\x93NUMPY", &[version, 0][..]].concat();
    match version {
        1 => npy.extend(u16::try_from(text.len()).unwrap().to_le_bytes()),
        _ => npy.extend(u32::try_from(text.len()).unwrap().to_le_bytes()),
    }
    npy.extend(text);
    npy.extend(data);
    npy
}

/// The `.npy` array of a dtype and a shape, in C order.
pub fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    npy(1, text.as_bytes(), data)
}

/// The bytes 1, 2, 3, 4 under a header that calls them four elements of a dtype.
pub fn four(descr: &str) -> Vec<u8> {
    array(descr, "(4,)", &[1, 2, 3, 4])
}

/// The archive of `entries`, and where its directory and its end record start.
pub fn layout(entries: &[Entry]) -> (Vec<u8>, usize, usize) {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = entry.offset.unwrap_or(u32::try_from(zip.len()).unwrap());
        zip.extend(b"PK\x03\x04");
        zip.extend(common_fields(entry));
        zip.extend(
            u16::try_from(entry.local_extra.len())
                .unwrap()
                .to_le_bytes(),
        );
        zip.extend(&entry.name);
        zip.extend(&entry.local_extra);
        zip.extend(&entry.bytes);
        zip.extend(&entry.descriptor);

        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(common_fields(entry));
        directory.extend(u16::try_from(entry.extra.len()).unwrap().to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let directory_at = zip.len();
    zip.extend(&directory);
    let end_at = zip.len();
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend([count, count].concat());
    zip.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    zip.extend(u32::try_from(directory_at).unwrap().to_le_bytes());
    zip.extend([0, 0]);
    (zip, directory_at, end_at)
}

pub fn archive(entries: &[Entry]) -> Vec<u8> {
    layout(entries).0
}

/// The same archive with zip64 end records, the older record's fields all full.
pub fn zip64(entries: &[Entry]) -> Vec<u8> {
    let (mut zip, directory_at, end_at) = layout(entries);
    let mut end = zip.split_off(end_at);
    zip.extend(b"PK\x06\x06");
    zip.extend(44_u64.to_le_bytes());
    zip.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for value in [
        entries.len(),
        entries.len(),
        end_at - directory_at,
        directory_at,
    ] {
        zip.extend((value as u64).to_le_bytes());
    }
    zip.extend(b"PK\x06\x07\0\0\0\0");
    zip.extend((end_at as u64).to_le_bytes());
    zip.extend([1, 0, 0, 0]);
    end[8..20].fill(0xff);
    zip.extend(end);
    zip
}

/// `bytes` with `new` written over what is at `at`.
pub fn patched(mut bytes: Vec<u8>, at: usize, new: &[u8]) -> Vec<u8> {
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

fn common_fields(entry: &Entry) -> Vec<u8> {
    let mut fields = Vec::new();
    for value in [entry.version, entry.flags, entry.method, 0, 33] {
        fields.extend(value.to_le_bytes());
    }
    for value in [entry.crc32, entry.compressed_len, entry.inflated_len] {
        fields.extend(value.to_le_bytes());
    }
    fields.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
    fields
}

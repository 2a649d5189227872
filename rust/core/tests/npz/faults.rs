//! Every fault of an archive, each in the smallest archive that has it.

use crate::zip::{Entry, archive, array, deflated, four, layout, npy, patched, stored, zip64};
use medfast::error::ErrorKind;
use medfast::npz::{Archive, Array, Error, Fault, Limits};
use medfast::parallel::Interrupt;

fn read(bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Array>, Error> {
    let archive = Archive::from_bytes("set.npz", bytes, limits)?;
    (0..archive.members().len())
        .map(|index| archive.read(index))
        .collect()
}

/// Tests that reading the bytes gives the fault, of that kind.
macro_rules! faults {
    ($($name:ident: $bytes:expr => $kind:ident($fault:pat);)*) => {$(
        #[test]
        fn $name() {
            let error = read($bytes, &Limits::default()).unwrap_err();
            assert!(matches!(error.fault(), Some($fault)), "{error}");
            assert_eq!(error.kind(), ErrorKind::$kind, "{error}");
            assert!(error.to_string().starts_with("set.npz: "), "{error}");
            assert!(error.to_string().contains("; "), "no next step: {error}");
        }
    )*};
}

fn plain() -> Entry {
    stored("a.npy", &four("'|u1'"))
}

fn one() -> Vec<u8> {
    archive(&[plain()])
}

fn two() -> [Entry; 2] {
    [plain(), stored("b.npy", &four("'|u1'"))]
}

fn with(edit: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut entry = plain();
    edit(&mut entry);
    archive(&[entry])
}

fn in_directory(at: usize, new: &[u8]) -> Vec<u8> {
    let (bytes, directory, _) = layout(&[plain()]);
    patched(bytes, directory + at, new)
}

fn in_end(at: usize, new: &[u8]) -> Vec<u8> {
    let (bytes, _, end) = layout(&[plain()]);
    patched(bytes, end + at, new)
}

fn in_zip64(from_end: usize, new: &[u8]) -> Vec<u8> {
    let bytes = zip64(&[plain()]);
    let at = bytes.len() - from_end;
    patched(bytes, at, new)
}

fn member(npy: &[u8]) -> Vec<u8> {
    archive(&[stored("a.npy", npy)])
}

fn header(text: &str) -> Vec<u8> {
    member(&npy(1, text.as_bytes(), &[1, 2, 3, 4]))
}

fn descr(descr: &str) -> Vec<u8> {
    member(&four(descr))
}

fn shape(shape: &str) -> Vec<u8> {
    member(&array("'<f8'", shape, &[1, 2, 3, 4]))
}

faults! {
    empty: Vec::new() => Corrupt(Fault::Empty);
    a_single_array: four("'|u1'") => Unsupported(Fault::SingleArray);
    a_web_page: b"<!DOCTYPE html><html>".to_vec() => Corrupt(Fault::NotZip { .. });

    no_end_record: b"PK\x03\x04 and no more than that".to_vec() => Corrupt(Fault::NoEndRecord);
    cut_by_one_byte: one()[..one().len() - 1].to_vec() => Corrupt(Fault::NoEndRecord);
    bytes_behind_the_end: [one(), vec![7]].concat()
        => Corrupt(Fault::CommentLength { stated: 0, found: 1 });
    several_volumes: in_end(4, &[1]) => Unsupported(Fault::ManyVolumes);
    members_on_other_volumes: in_end(8, &[2]) => Unsupported(Fault::ManyVolumes);
    zip64_on_several_volumes: in_zip64(26, &[2]) => Unsupported(Fault::ManyVolumes);
    zip64_record_elsewhere: in_zip64(34, &[0; 8]) => Corrupt(Fault::NoZip64Record { offset: 0 });
    zip64_record_unsigned: in_zip64(98, b"XX") => Corrupt(Fault::NoZip64Record { .. });
    end_records_disagree: in_zip64(14, &[9, 0, 9, 0])
        => Corrupt(Fault::EndRecordsDisagree { zip: 9, zip64: 1, .. });
    directory_before_its_place: in_end(16, &[0]) => Corrupt(Fault::DirectoryPlace { start: 0, .. });
    directory_behind_the_file: in_end(16, &[0xff; 4])
        => Corrupt(Fault::DirectoryPlace { start: 0xffff_ffff, .. });
    directory_sizes_that_overflow: in_zip64(58, &[0xff; 16])
        => Corrupt(Fault::DirectoryPlace { .. });

    more_members_than_fit: in_end(8, &[9, 0, 9, 0])
        => Corrupt(Fault::MemberCount { stated: 9, found: 1 });
    fewer_members_than_there_are: in_end(8, &[0; 4])
        => Corrupt(Fault::MemberCount { stated: 0, found: 1 });
    more_members_than_there_are: {
        let mut entry = plain();
        entry.extra = vec![0, 0, 60, 0].into_iter().chain([0; 60]).collect();
        let (bytes, _, end) = layout(&[entry]);
        patched(bytes, end + 8, &[2, 0, 2, 0])
    } => Corrupt(Fault::MemberCount { stated: 2, found: 1 });
    more_zip64_members_than_memory: in_zip64(74, &[0xff; 16])
        => Limit(Fault::TooManyMembers { count: u64::MAX, .. });
    entry_unsigned: in_directory(0, b"PK\x01\x03") => Corrupt(Fault::EntrySignature { index: 0 });
    name_longer_than_the_directory: in_directory(28, &[6]) => Corrupt(Fault::EntryTruncated { index: 0 });
    extra_field_cut_short: with(|entry| entry.extra = vec![9, 0, 1, 0])
        => Corrupt(Fault::ExtraField { index: 0 });
    zip64_field_cut_short: with(|entry| {
        entry.inflated_len = u32::MAX;
        entry.extra = vec![1, 0, 4, 0, 1, 1, 1, 1];
    }) => Corrupt(Fault::ExtraField { index: 0 });
    name_not_utf8: with(|entry| {
        entry.name = vec![0xff];
        entry.flags = 1 << 11;
    }) => Corrupt(Fault::NameEncoding { index: 0 });
    name_with_a_null: with(|entry| entry.name = b"a\0.npy".to_vec())
        => Corrupt(Fault::NameNull { index: 0 });
    members_that_overlap: {
        let [mut first, second] = two();
        first.compressed_len += 1;
        archive(&[first, second])
    } => Corrupt(Fault::Overlap { .. });
    members_that_share_their_bytes: {
        let [first, mut second] = two();
        second.offset = Some(0);
        archive(&[first, second])
    } => Corrupt(Fault::Overlap { .. });
    reaching_into_the_directory: with(|entry| entry.compressed_len += 1)
        => Corrupt(Fault::OverlapsDirectory);
    behind_the_file: with(|entry| entry.offset = Some(u32::MAX)) => Corrupt(Fault::OverlapsDirectory);

    zip_version: with(|entry| entry.version = 64) => Unsupported(Fault::ZipVersion { version: 64 });
    encrypted: with(|entry| entry.flags = 1) => Unsupported(Fault::Encrypted { .. });
    encrypted_by_the_local_header: patched(one(), 6, &[1]) => Unsupported(Fault::Encrypted { .. });
    zstandard: with(|entry| entry.method = 93) => Unsupported(Fault::Method { method: 93 });
    no_local_header: patched(one(), 2, &[5, 6]) => Corrupt(Fault::NoLocalHeader { offset: 0 });
    local_name_cut_short: patched(one(), 26, &[0xff; 4]) => Corrupt(Fault::NoLocalHeader { .. });
    names_disagree: patched(one(), 30, b"b") => Corrupt(Fault::HeadersDisagree { field: "name" });
    methods_disagree: patched(one(), 8, &[8]) => Corrupt(Fault::HeadersDisagree { field: "method" });
    checksums_disagree: patched(one(), 14, &[0; 4]) => Corrupt(Fault::HeadersDisagree { field: "CRC-32" });
    compressed_sizes_disagree: patched(one(), 18, &[1])
        => Corrupt(Fault::HeadersDisagree { field: "compressed size" });
    sizes_disagree: patched(one(), 22, &[1]) => Corrupt(Fault::HeadersDisagree { field: "size" });
    local_extra_field_pushes_data_out: with(|entry| {
        entry.local_extra = vec![9, 0, 0, 0];
        entry.bytes.truncate(entry.bytes.len() - 4);
    }) => Corrupt(Fault::HeadersDisagree { field: "place of the data" });
    stored_in_fewer_bytes: with(|entry| entry.inflated_len += 1)
        => Corrupt(Fault::StoredSize { .. });
    impossible_ratio: {
        let mut entry = deflated("a.npy", &four("'|u1'"));
        entry.inflated_len = entry.compressed_len * 1032 + 1032;
        archive(&[entry])
    } => Corrupt(Fault::ImpossibleRatio { .. });
    inflates_to_fewer: {
        let mut entry = deflated("a.npy", &array("'|u1'", "(5,)", &[1, 2, 3, 4]));
        entry.inflated_len += 1;
        archive(&[entry])
    } => Corrupt(Fault::InflatedSize { .. });
    inflates_to_more: {
        let mut entry = deflated("a.npy", &array("'|u1'", "(4,)", &[1, 2, 3, 4, 5]));
        entry.inflated_len -= 1;
        archive(&[entry])
    } => Corrupt(Fault::InflatedSize { .. });
    bad_deflate: {
        let mut entry = deflated("a.npy", &four("'|u1'"));
        entry.bytes[0] = 0b111;
        archive(&[entry])
    } => Corrupt(Fault::BadDeflate);
    deflate_cut_short: {
        let mut entry = deflated("a.npy", &array("'|u1'", "(512,)", &b"\x00\xff01".repeat(128)));
        entry.bytes.pop();
        entry.compressed_len -= 1;
        archive(&[entry])
    } => Corrupt(Fault::BadDeflate);
    checksum: with(|entry| *entry.bytes.last_mut().unwrap() = 9)
        => Corrupt(Fault::Checksum { .. });

    not_an_array: archive(&[stored("README.txt", b"Hello")]) => Unsupported(Fault::NotAnArray);
    magic: member(b"\x93NUMPX\x01\0\0\0") => Corrupt(Fault::Magic { .. });
    npy_version: member(b"\x93NUMPY\x04\0\0\0\0\0")
        => Unsupported(Fault::NpyVersion { major: 4, minor: 0 });
    ends_in_the_version: member(b"\x93NUMPY\x01") => Corrupt(Fault::HeaderTruncated);
    ends_in_the_header_length: member(b"\x93NUMPY\x02\0\x01\0") => Corrupt(Fault::HeaderTruncated);
    ends_in_the_header: member(b"\x93NUMPY\x01\0\x09\0{}") => Corrupt(Fault::HeaderTruncated);
    header_of_four_gigabytes: member(b"\x93NUMPY\x02\0\xff\xff\xff\xff{}")
        => Limit(Fault::HeaderTooLong { length: 0xffff_ffff, limit: 65_536 });
    header_not_utf8: member(&npy(3, b"{'descr': '\xff'}", b"")) => Corrupt(Fault::HeaderEncoding);

    code_in_the_header: header("__import__('os').system('true')") => Corrupt(Fault::HeaderSyntax { at: 0, .. });
    header_not_closed: header("{'descr': ") => Corrupt(Fault::HeaderSyntax { at: 10, .. });
    header_with_more_behind: header("{} 1") => Corrupt(Fault::HeaderSyntax { at: 3, .. });
    header_without_colon: header("{'descr' 1}") => Corrupt(Fault::HeaderSyntax { at: 9, .. });
    header_without_comma: header("{'descr': 1 'shape': 1}") => Corrupt(Fault::HeaderSyntax { at: 12, .. });
    string_not_closed: header("{'descr\n': 1}") => Corrupt(Fault::HeaderSyntax { .. });
    string_with_an_unknown_escape: header("{'\\q': 1}") => Corrupt(Fault::HeaderSyntax { .. });
    string_with_half_a_surrogate: header("{'\\ud800': 1}") => Corrupt(Fault::HeaderSyntax { .. });
    string_with_a_signed_escape: header("{'\\x+1': 1}") => Corrupt(Fault::HeaderSyntax { .. });
    number_too_large: shape("(18446744073709551616,)") => Corrupt(Fault::HeaderSyntax { .. });
    number_with_leading_zero: shape("(01,)") => Corrupt(Fault::HeaderSyntax { .. });
    negative_shape: shape("(-1,)") => Corrupt(Fault::HeaderSyntax { .. });
    parentheses_without_comma: shape("(4)") => Corrupt(Fault::HeaderSyntax { .. });
    deep_nesting: header(&"[".repeat(60_000)) => Unsupported(Fault::HeaderNesting { .. });
    header_not_a_dict: header("[]") => Corrupt(Fault::HeaderKeys);
    header_key_not_a_string: header("{1: 1}") => Corrupt(Fault::HeaderKeys);
    header_without_keys: header("{}") => Corrupt(Fault::HeaderKeys);
    header_with_another_key: header("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), 'x': 1}")
        => Corrupt(Fault::HeaderKeys);
    header_with_a_key_twice: header("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (4,)}")
        => Corrupt(Fault::HeaderKeys);
    order_not_a_bool: header("{'descr': '|u1', 'fortran_order': 0, 'shape': (4,)}")
        => Corrupt(Fault::HeaderValue { key: "fortran_order", .. });
    shape_not_a_tuple: shape("4") => Corrupt(Fault::HeaderValue { key: "shape", .. });
    shape_of_bools: shape("(True,)") => Corrupt(Fault::HeaderValue { key: "shape", .. });
    descr_a_number: descr("7") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    descr_a_triple: descr("('|u1', (1,), 1)") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    descr_a_sub_array: descr("('|u1', (1,))") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    field_not_a_tuple: descr("['|u1']") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    field_without_dtype: descr("[('a',)]") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    field_with_too_much: descr("[('a', '|u1', (1,), 1)]") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    field_name_a_number: descr("[(1, '|u1')]") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    field_title_a_number: descr("[((1, 'a'), '|u1')]") => Corrupt(Fault::HeaderValue { key: "descr", .. });
    field_shape_a_list: descr("[('a', '|u1', [1])]") => Corrupt(Fault::HeaderValue { key: "descr", .. });

    objects: descr("'|O'") => Unsupported(Fault::ObjectArray);
    objects_of_python_2: descr("'|O8'") => Unsupported(Fault::ObjectArray);
    objects_in_a_field: descr("[('a', '|u1'), ('b', [('c', '|O', (2,))])]") => Unsupported(Fault::ObjectArray);
    dtype_empty: descr("''") => Unsupported(Fault::UnknownDtype { .. });
    dtype_of_one_letter: descr("'<'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_not_ascii: descr("'<\\xe9'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_unknown_kind: descr("'<z4'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_unknown_width: descr("'<i3'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_without_width: descr("'<i'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_signed_width: descr("'|S+4'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_huge_width: descr("'|S99999999999999999999'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_without_byte_order: descr("'|i4'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_unknown_unit: descr("'<M8[fortnight]'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_zero_units: descr("'<M8[0s]'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_unit_not_closed: descr("'<M8[ns'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_unit_on_a_number: descr("'<i8[ns]'") => Unsupported(Fault::UnknownDtype { .. });
    dtype_empty_unit: descr("'<M8[]'") => Unsupported(Fault::UnknownDtype { .. });

    shape_that_overflows: shape("(4294967296, 4294967296)") => Corrupt(Fault::ArraySize);
    shape_that_overflows_behind_a_zero: shape("(0, 4294967296, 4294967296)") => Corrupt(Fault::ArraySize);
    shape_that_overflows_with_empty_elements: member(&array("'|S0'", "(4294967296, 4294967296)", b""))
        => Corrupt(Fault::ArraySize);
    string_that_overflows: descr("'<U9223372036854775807'") => Corrupt(Fault::ArraySize);
    field_that_overflows: descr("[('a', '<f8', (4294967296, 4294967296))]") => Corrupt(Fault::ArraySize);
    less_data_than_the_shape: shape("(1,)") => Corrupt(Fault::DataLength { expected: 8, found: 4 });
    more_data_than_the_shape: shape("(0,)") => Corrupt(Fault::DataLength { expected: 0, found: 4 });
}

#[test]
fn limits_hold_at_their_value_and_not_below() {
    type Fits = fn(&Fault) -> bool;
    let bytes = archive(&two());
    let size = four("'|u1'").len();
    let within = Limits::DEFAULT
        .with_max_header_bytes(size - 14)
        .with_max_total_header_bytes(size as u64 - 4)
        .with_max_dims(1)
        .with_max_members(2)
        .with_max_directory_bytes(2 * (46 + 5))
        .with_max_inflated_bytes(size as u64)
        .with_max_ratio(1);
    read(bytes.clone(), &within).unwrap();
    let beyond: [(Limits, Fits); 6] = [
        (within.clone().with_max_header_bytes(size - 15), |fault| {
            matches!(fault, Fault::HeaderTooLong { .. })
        }),
        (
            within.clone().with_max_total_header_bytes(size as u64 - 5),
            |fault| matches!(fault, Fault::HeadersTooLong { .. }),
        ),
        (within.clone().with_max_dims(0), |fault| {
            matches!(fault, Fault::TooManyDims { dims: 1, limit: 0 })
        }),
        (within.clone().with_max_directory_bytes(101), |fault| {
            matches!(
                fault,
                Fault::DirectoryTooLong {
                    length: 102,
                    limit: 101
                }
            )
        }),
        (within.clone().with_max_members(1), |fault| {
            matches!(fault, Fault::TooManyMembers { count: 2, limit: 1 })
        }),
        (
            within.clone().with_max_inflated_bytes(size as u64 - 1),
            |fault| matches!(fault, Fault::TooLarge { .. }),
        ),
    ];
    for (limits, fits) in beyond {
        let error = read(bytes.clone(), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(fits(error.fault().unwrap()), "{error}");
    }

    // Of members asked for together the sum counts.
    let both = |limits: &Limits| {
        let archive = Archive::from_bytes("set.npz", bytes.clone(), limits).unwrap();
        archive.headers(&[0, 1], Interrupt::never()).unwrap_err()
    };
    let error = both(&within);
    assert!(
        matches!(error.fault(), Some(Fault::TooLarge { .. })),
        "{error}"
    );
    let error = both(&within.with_max_inflated_bytes(1000));
    assert!(
        matches!(error.fault(), Some(Fault::HeadersTooLong { .. })),
        "{error}"
    );
}

#[test]
fn the_limit_on_the_ratio_holds_at_its_value_and_not_below() {
    let entry = deflated("a.npy", &array("'|u1'", "(10000,)", &[0; 10_000]));
    let ratio = u64::from(entry.inflated_len / entry.compressed_len);
    let bytes = archive(&[entry]);
    assert!(ratio > 50);
    read(bytes.clone(), &Limits::DEFAULT.with_max_ratio(ratio)).unwrap();
    let error = read(bytes, &Limits::DEFAULT.with_max_ratio(ratio - 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let found = Fault::TooDense {
        ratio,
        limit: ratio - 1,
    };
    assert_eq!(error.fault().unwrap().to_string(), found.to_string());
}

#[test]
fn a_bomb_is_refused_before_memory_is_taken() {
    // Within the limit and within what deflate can give, but for more bytes than the file has.
    let mut bomb = deflated("a.npy", &array("'|u1'", "(64424509440,)", &[]));
    (bomb.inflated_len, bomb.compressed_len) = (u32::MAX, u32::MAX);
    bomb.extra = vec![1, 0, 16, 0];
    bomb.extra.extend((60_u64 << 30).to_le_bytes());
    bomb.extra.extend((1_u64 << 30).to_le_bytes());
    let error = read(archive(&[bomb]), &Limits::default()).unwrap_err();
    assert!(
        matches!(error.fault(), Some(Fault::OverlapsDirectory)),
        "{error}"
    );
}

#[test]
fn a_buffer_of_another_length_is_refused() {
    let archive = Archive::from_bytes("set.npz", one(), &Limits::default()).unwrap();
    let size = usize::try_from(archive.members()[0].inflated_len()).unwrap();
    for wrong in [0, size - 1, size + 1] {
        let mut buffer = vec![0; wrong];
        let error = archive
            .read_into(
                vec![(0, &mut buffer)],
                1,
                medfast::parallel::Interrupt::never(),
            )
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Shape);
    }
}

#[test]
fn a_path_that_is_no_file_is_refused() {
    let open = |path: &std::path::Path| Archive::open(path, &Limits::default()).unwrap_err();
    let folder = std::env::temp_dir();
    let error = open(&folder);
    assert!(
        matches!(
            error.fault(),
            Some(Fault::NotAFile {
                found: "a directory"
            })
        ),
        "{error}"
    );
    let error = open(&folder.join("medfast: no such file.npz"));
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no such file"));
}

#[test]
fn a_hostile_name_is_shown_shortened_and_escaped() {
    let mut entry = plain();
    entry.name = [b"\x1b[31m".to_vec(), vec![b'a'; 60_000]].concat();
    entry.method = 12;
    let message = read(archive(&[entry]), &Limits::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("\\u{1b}[31maaa") && message.len() < 400,
        "{message}"
    );
}

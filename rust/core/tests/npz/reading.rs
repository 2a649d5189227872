//! What well-formed archives give, and that nothing else gives anything.

use proptest::prelude::*;

use crate::zip::{Entry, archive, array, deflated, four, layout, npy, patched, stored, zip64};
use medfast::error::ErrorKind;
use medfast::npz::{Archive, ByteOrder, Dtype, Error, Field, Header, Kind, Limits, Scalar};
use medfast::parallel::Interrupt;

fn open(bytes: Vec<u8>) -> Archive {
    Archive::from_bytes("set.npz", bytes, &Limits::default()).unwrap()
}

/// The data of the only member.
fn data(bytes: Vec<u8>) -> Vec<u8> {
    open(bytes).read(0).unwrap().data().to_vec()
}

fn plain() -> Entry {
    stored("a.npy", &four("'|u1'"))
}

#[test]
fn stored_and_deflated_members_are_read() {
    assert_eq!(data(archive(&[plain()])), [1, 2, 3, 4]);
    let entry = deflated("a.npy", &four("'|u1'"));
    assert_eq!(data(archive(&[entry])), [1, 2, 3, 4]);
}

#[test]
fn an_archive_may_be_empty() {
    let archive = open(archive(&[]));
    assert_eq!(archive.members().len(), 0);
    assert_eq!(archive.find("a"), None);
}

#[test]
fn a_mapped_file_is_read() {
    let path = std::env::temp_dir().join(format!("medfast-mapped-{}.npz", std::process::id()));
    std::fs::write(&path, archive(&[plain()])).unwrap();
    let opened = Archive::open(&path, &Limits::default());
    let array = opened.and_then(|archive| archive.read(archive.find("a").unwrap()));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(array.unwrap().data(), [1, 2, 3, 4]);
}

#[test]
fn zip64_records_are_read() {
    assert_eq!(data(zip64(&[plain()])), [1, 2, 3, 4]);

    // As numpy writes every member: the local sizes in a zip64 field, those of the directory not.
    let mut entry = plain();
    let size = u64::from(entry.inflated_len).to_le_bytes();
    entry.local_extra = [&[1, 0, 16, 0], &size[..], &size].concat();
    let bytes = archive(&[entry.clone()]);
    assert_eq!(data(patched(bytes, 18, &[0xff; 8])), [1, 2, 3, 4]);

    // As for a member of more than 4 GiB.
    entry.extra = [&[1, 0, 24, 0], &size[..], &size, &[0; 8]].concat();
    (entry.inflated_len, entry.compressed_len) = (u32::MAX, u32::MAX);
    let (bytes, directory, _) = layout(&[entry]);
    assert_eq!(
        data(patched(bytes, directory + 42, &[0xff; 4])),
        [1, 2, 3, 4]
    );
}

#[test]
fn data_descriptors_are_skipped() {
    let mut entry = deflated("a.npy", &four("'|u1'"));
    entry.flags = 1 << 3;
    let stated = [entry.crc32, entry.compressed_len, entry.inflated_len];
    entry.descriptor = b"PK\x07\x08".to_vec();
    entry
        .descriptor
        .extend(stated.iter().flat_map(|value| value.to_le_bytes()));
    let other = Entry {
        name: b"b.npy".to_vec(),
        ..entry.clone()
    };
    let (bytes, directory, _) = layout(&[entry, other]);
    let first = patched(bytes, 14, &[0; 12]);
    let archive = open(patched(first, directory / 2 + 14, &[0; 12]));
    for index in [0, 1] {
        assert_eq!(archive.read(index).unwrap().data(), [1, 2, 3, 4]);
    }
}

#[test]
fn a_comment_may_follow() {
    let (bytes, _, end) = layout(&[plain()]);
    let comment = vec![b'x'; 65_535];
    let bytes = patched(bytes, end + 20, &[0xff, 0xff]);
    assert_eq!(data([bytes, comment].concat()), [1, 2, 3, 4]);
}

/// A stream is read 256 KiB at a time, and a block's codes may lie on both sides.
#[test]
fn blocks_may_begin_anywhere_in_what_is_read_at_once() {
    const AT_ONCE: usize = 1 << 18;
    let coded: Vec<u8> = (0..900_u32).map(|at| (at * at / 7) as u8 % 61).collect();
    let coded = deflated("", &coded);
    for before in 0..120 {
        let filler = AT_ONCE - before - 4 * 5;
        let header = array("'|u1'", &format!("({:>6},)", filler - 73 + 900), &[]);
        assert_eq!(header.len(), 73);
        let mut content = header;
        content.resize(filler, 7);
        let mut bytes = Vec::new();
        for part in content.chunks(65_535) {
            let length = u16::try_from(part.len()).unwrap();
            bytes.push(0);
            bytes.extend(length.to_le_bytes());
            bytes.extend((!length).to_le_bytes());
            bytes.extend(part);
        }
        assert_eq!(bytes.len(), AT_ONCE - before);
        bytes.extend(&coded.bytes);
        content.extend((0..900_u32).map(|at| (at * at / 7) as u8 % 61));
        let entry = Entry {
            method: 8,
            compressed_len: u32::try_from(bytes.len()).unwrap(),
            bytes,
            ..stored("a.npy", &content)
        };
        let archive = open(archive(&[entry]));
        let mut streamed = Vec::new();
        let mut sink = |part: &[u8]| {
            streamed.extend_from_slice(part);
            Ok::<_, Error>(())
        };
        archive.stream(0, &mut sink, Interrupt::never()).unwrap();
        assert!(streamed == content, "{before} bytes before the end");
    }
}

#[test]
fn the_last_of_one_name_is_read() {
    let other = stored("a.npy", &array("'|u1'", "(1,)", &[9]));
    let archive = open(archive(&[plain(), other]));
    let found = archive.find("a").unwrap();
    assert_eq!(archive.read(found).unwrap().data(), [9]);
}

#[test]
fn a_whole_name_comes_before_a_key() {
    let archive = open(archive(&[
        stored("a.npy.npy", &array("'|u1'", "(1,)", &[1])),
        stored("a.npy", &array("'|u1'", "(1,)", &[2])),
    ]));
    assert_eq!(archive.find("a.npy.npy"), Some(0));
    assert_eq!(archive.find("a.npy"), Some(1));
    assert_eq!(archive.find("a"), Some(1));
}

#[test]
fn names_are_utf8_or_of_the_ibm_pc() {
    let mut old = plain();
    old.name = vec![0x80, 0x9b, 0xe3, 0xff];
    let mut new = stored("größe/µ.npy", &four("'|u1'"));
    new.flags = 1 << 11;
    let archive = open(archive(&[old, new]));
    assert_eq!(archive.members()[0].name(), "Ç¢π\u{a0}");
    assert_eq!(archive.members()[1].key(), "größe/µ");
}

#[test]
fn a_fault_of_one_member_spares_the_others() {
    let mut bad = stored("b.npy", &four("'|u1'"));
    bad.method = 12;
    let archive = open(archive(&[plain(), bad]));
    assert_eq!(archive.read(0).unwrap().data(), [1, 2, 3, 4]);
    assert_eq!(archive.read(1).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn work_can_be_interrupted() {
    let archive = open(archive(&[plain()]));
    let mut buffer = vec![0; four("'|u1'").len()];
    let outcome = archive.read_into(vec![(0, &mut buffer)], 1, Interrupt::when(&|| true));
    assert!(matches!(outcome, Err(Error::Interrupted(_))));
    let outcome = archive.headers(&[0], Interrupt::when(&|| true));
    assert!(matches!(outcome, Err(Error::Interrupted(_))));
}

fn header(version: u8, text: &[u8]) -> Header {
    Header::parse(&npy(version, text, &[]), &Limits::default()).unwrap()
}

fn dtype(descr: &str) -> Dtype {
    Header::parse(&array(descr, "()", &[]), &Limits::default())
        .unwrap()
        .dtype
}

fn scalar(order: Option<ByteOrder>, kind: Kind, size: usize) -> Dtype {
    Dtype::Scalar(Scalar {
        order,
        kind,
        size,
        unit: String::new(),
    })
}

#[test]
fn scalars_are_understood_and_written_back() {
    let little = Some(ByteOrder::Little);
    for (descr, order, kind, size) in [
        ("|b1", None, Kind::Bool, 1),
        ("|i1", None, Kind::Int, 1),
        ("<i2", little, Kind::Int, 2),
        (">u8", Some(ByteOrder::Big), Kind::Uint, 8),
        ("<f2", little, Kind::Float, 2),
        ("<f16", little, Kind::Float, 16),
        ("<c32", little, Kind::Complex, 32),
        ("|S0", None, Kind::Bytes, 0),
        ("<U7", little, Kind::Str, 28),
        ("|V3", None, Kind::Void, 3),
        ("<m8", little, Kind::Timedelta, 8),
    ] {
        assert_eq!(dtype(&format!("'{descr}'")), scalar(order, kind, size));
        assert_eq!(
            Scalar {
                order,
                kind,
                size,
                unit: String::new()
            }
            .to_string(),
            descr
        );
    }
    for descr in ["<M8[ns]", ">m8[25s]", "<M8[Y]"] {
        let Dtype::Scalar(scalar) = dtype(&format!("'{descr}'")) else {
            panic!("{descr} is a scalar");
        };
        assert_eq!(scalar.to_string(), descr);
    }
    assert_eq!(dtype("'<b1'"), dtype("'|b1'"));
}

#[test]
fn structures_are_understood() {
    let byte = scalar(None, Kind::Int, 1);
    let pair = |item: &Dtype| Dtype::SubArray {
        item: Box::new(item.clone()),
        shape: vec![2],
    };
    let field = |name: &str, title: Option<&str>, dtype: &Dtype| Field {
        name: name.into(),
        title: title.map(Into::into),
        dtype: dtype.clone(),
    };
    let whole = dtype(
        "[('a', '|i1'), (('title', 'b'), '|i1', (2,)), ('', '|V4'), \
         ('c', ('|i1', (2,)), (2,)), ('d', [('e', '|i1')])]",
    );
    let expected = Dtype::Struct(vec![
        field("a", None, &byte),
        field("b", Some("title"), &pair(&byte)),
        field("", None, &scalar(None, Kind::Void, 4)),
        field("c", None, &pair(&pair(&byte))),
        field("d", None, &Dtype::Struct(vec![field("e", None, &byte)])),
    ]);
    assert_eq!(whole, expected);
    assert_eq!(whole.size(), Some(1 + 2 + 4 + 4 + 1));
}

#[test]
fn headers_of_every_version_are_read() {
    let text = b"{'shape': (2, 0), 'descr': [('\xe9', '|u1')], 'fortran_order': True}  \n";
    for version in [1, 2] {
        let header = header(version, text);
        let Dtype::Struct(fields) = &header.dtype else {
            panic!("a structure");
        };
        assert_eq!(fields[0].name, "é");
        assert_eq!(
            (header.shape, header.fortran_order, header.data_len),
            (vec![2, 0], true, 0)
        );
    }
    let text = "{'descr': [('Σ\\u2211\\x41\\U0001F600\\\\\\'\\n', '|u1')], 'fortran_order': False, 'shape': ()}";
    let Dtype::Struct(fields) = header(3, text.as_bytes()).dtype else {
        panic!("a structure");
    };
    assert_eq!(fields[0].name, "Σ∑A😀\\'\n");
}

#[test]
fn headers_of_python_2_are_read() {
    let text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L)}";
    assert_eq!(header(1, text).shape, [2, 3]);
}

/// Reads every member; what comes back must be what was put in.
fn read_or_refuse(bytes: Vec<u8>, original: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let Ok(archive) = Archive::from_bytes("set.npz", bytes, &Limits::default()) else {
        return Ok(());
    };
    prop_assert_eq!(archive.members().len(), original.len());
    for (index, original) in original.iter().enumerate() {
        if let Ok(array) = archive.read(index) {
            prop_assert_eq!(array.data(), &original[..]);
        }
    }
    Ok(())
}

fn small_archive() -> (Vec<u8>, Vec<Vec<u8>>) {
    let data = [vec![1, 2, 3, 4], vec![7; 40]];
    let bytes = zip64(&[
        stored("a.npy", &array("'|u1'", "(4,)", &data[0])),
        deflated("b.npy", &array("'<f8'", "(5,)", &data[1])),
    ]);
    (bytes, data.to_vec())
}

#[test]
fn every_truncation_is_refused() {
    let (bytes, _) = small_archive();
    for length in 0..bytes.len() {
        let cut = bytes[..length].to_vec();
        let outcome = Archive::from_bytes("set.npz", cut, &Limits::default());
        assert!(outcome.is_err(), "cut to {length} bytes");
    }
}

#[test]
fn every_change_of_one_byte_is_refused_or_without_effect() {
    let (bytes, data) = small_archive();
    for at in 0..bytes.len() {
        for value in 0..=u8::MAX {
            read_or_refuse(patched(bytes.clone(), at, &[value]), &data).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn any_changes_are_refused_or_without_effect(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (mut bytes, data) = small_archive();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        read_or_refuse(bytes, &data)?;
    }

    #[test]
    fn no_header_panics(version in 1_u8..=3, text in "[{}()\\[\\]'\",:\\\\a-zO|<>0-9 ]{0,80}") {
        let _ = Header::parse(&npy(version, text.as_bytes(), &[]), &Limits::default());
    }

    #[test]
    fn no_descr_panics(descr in "(\\[|\\(|'[<>|][a-zA-Z][0-9]{0,20}(\\[[a-z0-9]*\\])?'|\\]|\\)|, ?|[0-9]){1,12}") {
        let _ = Header::parse(&array(&descr, "(3,)", &[]), &Limits::default());
    }

    /// Reading is the same as this naive line: the bytes that were put in, without their header.
    #[test]
    fn members_come_back(
        members in prop::collection::vec((any::<bool>(), prop::collection::vec(0_u8..4, 0..3000)), 0..6),
        threads in 1_usize..4,
    ) {
        let entries: Vec<Entry> = members
            .iter()
            .enumerate()
            .map(|(index, (deflate, data))| {
                let npy = array("'|u1'", &format!("({},)", data.len()), data);
                let name = format!("member {index}.npy");
                if *deflate { deflated(&name, &npy) } else { stored(&name, &npy) }
            })
            .collect();
        let archive = open(archive(&entries));
        let indices: Vec<usize> = (0..members.len()).collect();
        let headers = archive.headers(&indices, Interrupt::never()).unwrap();
        let mut buffers: Vec<Vec<u8>> = archive
            .members()
            .iter()
            .map(|member| vec![0; usize::try_from(member.inflated_len()).unwrap()])
            .collect();
        let reads = buffers.iter_mut().map(Vec::as_mut_slice).enumerate().collect();
        archive.read_into(reads, threads, Interrupt::never()).unwrap();
        for ((buffer, header), (_, data)) in buffers.iter().zip(&headers).zip(&members) {
            prop_assert_eq!(&buffer[header.data_offset..], &data[..]);
            prop_assert_eq!(header.data_len, data.len());
        }
    }
}

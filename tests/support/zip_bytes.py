"""Zip archives and deflate streams made byte by byte, with any lie in any place."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Member:
    """A member, what its local header says, and what the directory says."""

    name: bytes = b"a.npy"
    content: bytes = b""
    method: int = 8
    flags: int = 0
    stream: bytes | None = None
    crc32: int | None = None
    size: int | None = None
    compressed: int | None = None
    local: dict[str, Any] | None = None
    """What the local header says otherwise."""
    offset: int | None = None
    extra: bytes = b""

    def bytes_stored(self) -> bytes:
        if self.stream is not None:
            return self.stream
        return deflate(self.content) if self.method == 8 else self.content

    def stated(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "method": self.method,
            "flags": self.flags,
            "crc32": zlib.crc32(self.content) if self.crc32 is None else self.crc32,
            "size": len(self.content) if self.size is None else self.size,
            "compressed": (
                len(self.bytes_stored()) if self.compressed is None else self.compressed
            ),
        }


def archive(
    *members: Member,
    comment: bytes = b"",
    count: int | None = None,
    start: int | None = None,
    copies: int = 1,
) -> bytes:
    """Lay members out; `copies` repeats the directory's entries."""
    body, directory = b"", b""
    for member in members:
        stated, at = member.stated(), len(body)
        local = {**stated, **(member.local or {})}
        body += b"PK\3\4" + struct.pack(
            "<HHHHHIIIHH",
            20, local["flags"], local["method"], 0, 33, local["crc32"],
            local["compressed"], local["size"], len(local["name"]), 0,
        ) + local["name"] + member.bytes_stored()  # fmt: skip
        directory += b"PK\1\2" + struct.pack(
            "<HHHHHHIIIHHHHHII",
            20, 20, stated["flags"], stated["method"], 0, 33, stated["crc32"],
            stated["compressed"], stated["size"], len(member.name), len(member.extra), 0, 0, 0, 0,
            at if member.offset is None else member.offset,
        ) + member.name + member.extra  # fmt: skip
    directory *= copies
    entries = len(members) * copies if count is None else count
    end = struct.pack(
        "<HHHHIIH",
        0, 0, entries, entries, len(directory), len(body) if start is None else start,
        len(comment),
    )  # fmt: skip
    return body + directory + b"PK\5\6" + end + comment


def deflate(content: bytes, level: int = 6) -> bytes:
    """Deflate without the wrapping of zlib."""
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15)
    return deflater.compress(content) + deflater.flush()


def npy(
    data: bytes = b"\1\2\3\4",
    *,
    descr: str = "'|u1'",
    order: str = "False",
    shape: str = "(4,)",
    version: int = 1,
    length: int | None = None,
    text: str | None = None,
) -> bytes:
    """Write a ``.npy`` array with any header."""
    if text is None:
        text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"
    encoded = text.encode("utf8" if version == 3 else "latin1")
    width = 2 if version == 1 else 4
    stated = len(encoded) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + stated.to_bytes(width, "little") + encoded + data


def array(content: bytes | None = None, **lies: Any) -> Member:
    """Make a member that is right but for some lies."""
    return replace(Member(content=npy() if content is None else content), **lies)


class Bits:
    """Bits of a deflate stream, the first one lowest."""

    def __init__(self) -> None:
        self.value, self.length = 0, 0

    def put(self, value: int, width: int) -> Bits:
        self.value |= value << self.length
        self.length += width
        return self

    def code(self, value: int, width: int) -> Bits:
        """Put a Huffman code, whose bits come highest first."""
        return self.put(int(f"{value:0{width}b}"[::-1], 2), width)

    def done(self) -> bytes:
        return self.value.to_bytes((self.length + 7) // 8, "little")


def dynamic_block(
    lengths_of_lengths: dict[int, int], *, literals: int = 257, distances: int = 1
) -> Bits:
    """Begin a last block with codes of its own, given the lengths of the code for lengths."""
    order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    bits = Bits().put(1, 1).put(2, 2).put(literals - 257, 5).put(distances - 1, 5).put(15, 4)
    for symbol in order:
        bits.put(lengths_of_lengths.get(symbol, 0), 3)
    return bits

"""What an archive holds, told without trusting it and without holding it in memory."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medfast.errors import MedfastError
from medfast.npz._archive import Archive
from medfast.npz._limits import Limits, check_limits, check_threads

if TYPE_CHECKING:
    from medfast.npz._archive import Source

_NO_LIMIT = 2**63 - 1


@dataclass(frozen=True)
class MemberReport:
    """What is known of a member.

    Attributes
    ----------
    name : str
        In the archive, with ``.npy`` where it has it.
    offset : int
        Where the archive has it.
    stored_bytes, inflated_bytes : int
        In the archive, and once inflated.
    crc32 : int
        Of the inflated bytes, as the archive states it.
    shape, dtype : tuple of int, str; or None
        Of the array; None if its header cannot be read.
    crc_state : str
        ``"right"``, ``"not checked"`` or ``"wrong"``, the last for anything that is wrong.
    fault : str or None
        What is wrong.
    """

    name: str
    offset: int
    stored_bytes: int
    inflated_bytes: int
    crc32: int
    shape: tuple[int, ...] | None
    dtype: str | None
    crc_state: str
    fault: str | None

    @property
    def ratio(self) -> float:
        """Bytes that each byte in the archive stands for."""
        return self.inflated_bytes / max(self.stored_bytes, 1)


@dataclass(frozen=True)
class LimitReport:
    """How much of a limit an archive takes."""

    name: str
    takes: int
    limit: int

    @property
    def exceeded(self) -> bool:
        """Whether `load_npz` would refuse to read the whole archive."""
        return self.takes > self.limit


@dataclass(frozen=True)
class Report:
    """What an archive holds, and which limits it meets."""

    path: str
    file_bytes: int | None
    members: tuple[MemberReport, ...]
    limits: tuple[LimitReport, ...]

    @property
    def is_sound(self) -> bool:
        """Whether `load_npz` would read it all, as far as was looked."""
        return not any(limit.exceeded for limit in self.limits) and all(
            member.fault is None for member in self.members
        )

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON knows it."""
        return {
            "path": self.path,
            "file_bytes": self.file_bytes,
            "members": [{**asdict(member), "ratio": member.ratio} for member in self.members],
            "limits": [{**asdict(limit), "exceeded": limit.exceeded} for limit in self.limits],
        }


def inspect_npz(
    path: Source,
    *,
    check_crc: bool = True,
    threads: int | None = None,
    limits: Limits | None = None,
) -> Report:
    """Look at an archive: members, shapes, dtypes, sizes, checksums, limits.

    Takes memory for the archive's directory and headers alone, whatever the arrays inflate to. A
    fault of a member is part of the report; one of the archive is raised.

    Parameters
    ----------
    path : str, os.PathLike, bytes or file object
        As for `load_npz`.
    check_crc : bool
        Whether to inflate every member and compare its CRC-32.
    threads : int, optional
        Members to inflate at a time.
    limits : Limits, optional
        Those that the report compares with.

    Returns
    -------
    Report

    Raises
    ------
    DatasetNotFoundError, CorruptDatasetError, LimitExceededError, UnsupportedError, StorageError
        As for `load_npz`; a limit only if it is `max_header_bytes` or `max_directory_bytes`.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> file = io.BytesIO()
    >>> np.savez_compressed(file, labels=np.zeros((3, 1), np.uint8))
    >>> report = inspect_npz(file.getvalue())
    >>> [(member.name, member.shape, member.dtype, member.crc_state) for member in report.members]
    [('labels.npy', (3, 1), 'uint8', 'right')]
    """
    threads = check_threads(threads)
    limits = Limits() if limits is None else check_limits(limits)
    # These count what `load_npz` would take, and nothing here takes it.
    open_with = replace(limits, max_members=_NO_LIMIT, max_inflated_bytes=_NO_LIMIT)
    open_with = replace(open_with, max_total_header_bytes=_NO_LIMIT, max_ratio=_NO_LIMIT)
    archive = Archive(path, replace(open_with, max_dims=_NO_LIMIT))
    faults = _faults(archive, threads) if check_crc else {}
    members, header_bytes = [], [0]
    for index, (name, stored, inflated, crc32, offset) in enumerate(archive.native.members()):
        shape, dtype, fault = None, None, faults.get(index)
        try:
            (header,) = archive.headers([index])
            shape, dtype = header.shape, str(header.dtype)
            header_bytes.append(header.data_offset)
        except MedfastError as error:
            fault = str(error)
        state = "wrong" if fault else "right" if check_crc else "not checked"
        members.append(
            MemberReport(name, offset, stored, inflated, crc32, shape, dtype, state, fault)
        )
    takes = {
        "max_members": len(members),
        "max_inflated_bytes": sum(member.inflated_bytes for member in members),
        "max_total_header_bytes": sum(header_bytes),
        "max_header_bytes": max(header_bytes),
        "max_ratio": max((int(member.ratio) for member in members), default=0),
        "max_dims": max((len(member.shape or ()) for member in members), default=0),
    }
    known, file = asdict(limits), Path(archive.name)
    return Report(
        path=archive.name,
        file_bytes=file.stat().st_size if file.is_file() else None,
        members=tuple(members),
        limits=tuple(LimitReport(name, value, known[name]) for name, value in takes.items()),
    )


def _faults(archive: Archive, threads: int | None) -> dict[int, str]:
    """Inflate every member; where several are together wrong, each is looked at alone."""
    indices = list(range(len(archive.native.members())))
    try:
        archive.native.verify(indices, threads)
    except MedfastError:
        pass
    else:
        return {}
    faults = {}
    for index in indices:
        try:
            archive.native.verify([index], 1)
        except MedfastError as error:
            faults[index] = str(error)
    return faults

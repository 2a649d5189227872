from typing import Any, TypedDict, final

import numpy as np
import numpy.typing as npt

class BuildInfo(TypedDict):
    version: str
    profile: str
    os: str
    arch: str
    threads: int

def build_info() -> BuildInfo: ...

# npz

NPZ_MAX_HEADER_BYTES: int
NPZ_MAX_MEMBERS: int
NPZ_MAX_INFLATED_BYTES: int

@final
class NpzArchive:
    def __new__(
        cls, path: str, max_header_bytes: int, max_members: int, max_inflated_bytes: int, /
    ) -> NpzArchive: ...
    def keys(self) -> list[str]: ...
    def find(self, key: str, /) -> int | None: ...
    def headers(
        self, indices: list[int], /
    ) -> list[tuple[Any, bool, tuple[int, ...], int, int]]: ...
    def read_into(
        self, reads: list[tuple[int, npt.NDArray[np.uint8]]], threads: int | None, /
    ) -> None: ...

# transforms

# metrics

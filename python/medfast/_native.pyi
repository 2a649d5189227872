from typing import TypedDict, final

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

# transforms

# metrics

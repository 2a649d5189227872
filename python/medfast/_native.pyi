from typing import TypedDict

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

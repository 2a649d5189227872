"""Entry point of ``medfast`` and ``python -m medfast.cli``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit: 0 done, 1 the run failed, 2 the call was wrong."""
    try:
        from medfast.cli.app import run
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        sys.exit(
            f"the medfast command needs {error.name!r}, which is not installed: "
            "pip install 'medfast[cli]', or 'medfast[train]' to train as well"
        )
    sys.exit(run())


if __name__ == "__main__":
    main()

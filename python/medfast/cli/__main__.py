"""Entry point of ``medfast`` and ``python -m medfast.cli``."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command line and exit: 0 done, 1 the run failed, 2 the call was wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from medfast.cli.app import run

        code = run()
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        sys.exit(
            f"the medfast command needs {error.name!r}, which is not installed: "
            "pip install 'medfast[cli]', or 'medfast[train]' to train as well"
        )
    except KeyboardInterrupt:
        code = 130
    try:
        sys.stdout.flush()
    except OSError:
        # Said already, and the interpreter would say it again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


if __name__ == "__main__":
    main()

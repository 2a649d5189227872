"""The group of verbs, and the one place where an exception becomes an exit code."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import traceback

import click

import medfast
from medfast.errors import ConfigError, MedfastError, nearest

VERBS = (
    "augment",
    "cache",
    "compare",
    "datasets",
    "download",
    "evaluate",
    "info",
    "predict",
    "report",
    "score",
    "study",
    "train",
)
EXTRAS = {
    **dict.fromkeys(("PIL", "jinja2", "matplotlib"), "report"),
    **dict.fromkeys(
        ("filelock", "requests", "safetensors", "scipy", "sklearn", "torch", "yaml"), "train"
    ),
}
DONE, FAILED, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130


class LazyGroup(click.Group):
    """A group that imports a verb's file only when that verb, or its help line, is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name every verb."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the verb's file."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"medfast.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or name the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            ctx.fail(f"no such command {args[0]!r}; {nearest(args[0], VERBS)}")
        return super().resolve_command(ctx, args)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(medfast.__version__, package_name="medfast")
def app() -> None:
    """From a MedMNIST .npz to an honest AUC."""


def run(args: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    args : list of str, optional
        The words after ``medfast``; those of this process by default.

    Returns
    -------
    int
        The exit code.
    """
    try:
        if sys.stdout is None:  # closed by the caller
            sys.stdout = io.StringIO()
        # A verb that ends with click's Exit has its code returned; the others return nothing.
        code = app.main(args, prog_name="medfast", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last stop before a traceback
        if os.environ.get("MEDFAST_DEBUG") == "1":
            traceback.print_exc()
        elif isinstance(error, MedfastError):
            click.echo(f"medfast: {error}", err=True)
        elif _is_of_memory(error):
            click.echo(
                f"medfast: out of memory: {_first_line(error)}; end what else uses it, or take "
                "smaller batches, a smaller model or another device",
                err=True,
            )
        elif type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            click.echo(
                f"medfast: torch.compile failed: {_first_line(error)}; train without --compile, in "
                "another folder (MEDFAST_DEBUG=1 shows all of it)",
                err=True,
            )
        elif isinstance(error, OSError):
            from medfast.data.storage import next_step

            click.echo(f"medfast: {error}; {next_step(error)}", err=True)
        elif isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
            need = f"medfast: this needs {error.name}, which is not installed"
            click.echo(f"{need}: pip install 'medfast[{EXTRAS[error.name]}]'", err=True)
        else:
            click.echo(
                f"medfast: unexpected {type(error).__name__}: {error}\n"
                "This is a bug in medfast; MEDFAST_DEBUG=1 shows where.",
                err=True,
            )
        return WRONG_CALL if isinstance(error, ConfigError) else FAILED
    return code or DONE


def _is_of_memory(error: Exception) -> bool:
    """Tell whether memory was refused, which torch has no one type for."""
    words = r"(out of|not enough|allocate) memory|ALLOC_FAILED|bad_alloc"
    return isinstance(error, MemoryError) or re.search(words, str(error)) is not None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__

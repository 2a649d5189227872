"""The two checkpoints of a run: ``last``, to go on from, and ``best``, to use.

``last`` holds all of a run, the weights of ``best`` too, which is written after it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import torch

from medfast.errors import CheckpointError
from medfast.training import archive
from medfast.training.fields import check_fields
from medfast.training.history import EpochRow, best_row
from medfast.training.identity import refuse_another
from medfast.training.meter import EpochMeter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from torch import Tensor, nn
    from torch.optim import Optimizer
    from typing_extensions import Self

    from medfast.training.average import RunningMean
    from medfast.training.run_folder import RunFolder

Identity = dict[str, dict[str, Any]]

_ROW = {item.name: int if item.name == "epoch" else float for item in fields(EpochRow)}
_STEPS = {
    "epoch": int,
    "losses": [float],
    "norms": [float],
    "images": [int],
    "seconds": float,
    "waited": float,
}


@dataclass
class State:
    """All that the next step depends on, but the recipe and the set.

    The order of the images, their draws and every other random number follow from the recipe's
    seed, the epoch and the step; the learning rate from the epoch and the step.

    Attributes
    ----------
    model : nn.Module
    optimizers : list of Optimizer
    average : RunningMean or None
        The mean of the weights, if the recipe has one.
    history : list of EpochRow
        The epochs that are finished.
    meter : EpochMeter
        The steps taken in the epoch at hand.
    best : dict of str to Tensor
        The weights that were scored in the best epoch; empty before there is one.
    """

    model: nn.Module
    optimizers: list[Optimizer]
    average: RunningMean | None = None
    history: list[EpochRow] = field(default_factory=list)
    meter: EpochMeter = field(default_factory=lambda: EpochMeter(0))
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def scored(self) -> nn.Module:
        """The network that is scored: of the averaged weights once there are some."""
        if self.average is None or not self.average.n_averaged:
            return self.model
        return self.average.module

    def end_epoch(self, row: EpochRow) -> None:
        """Close the epoch at hand, and keep the weights that were scored if it is the best."""
        self.history.append(row)
        if best_row(self.history)[0] is row:
            self.best = _copies(self.scored.state_dict())
        self.meter = EpochMeter(len(self.history))

    def tensors(self) -> dict[str, Tensor]:
        """Name every tensor."""
        named = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.average is not None:
            for name, tensor in self.average.state_dict().items():
                named[f"average.{name}"] = tensor
        for number, optimizer in enumerate(self.optimizers):
            for index, state in optimizer.state_dict()["state"].items():
                for name, tensor in state.items():
                    named[f"optimizer{number}.{index}.{name}"] = tensor
        for name, tensor in self.best.items():
            named[f"best.{name}"] = tensor
        return named

    def load_tensors(self, named: Mapping[str, Tensor]) -> None:
        """Take what `tensors` named.

        Raises
        ------
        CheckpointError, ValueError
            If names, shapes or types differ.
        """
        parts: dict[str, dict[str, Tensor]] = {}
        for key, tensor in named.items():
            part, name = key.split(".", 1)
            parts.setdefault(part, {})[name] = tensor
        load_weights(self.model, parts.pop("model", {}))
        if self.average is not None:
            load_weights(self.average, parts.pop("average", {}))
        for number, optimizer in enumerate(self.optimizers):
            _load_optimizer(optimizer, parts.pop(f"optimizer{number}", {}))
        self.best = _copies(parts.pop("best", {}))  # not a map of the file that they came from
        if parts:
            raise ValueError(f"it has {', '.join(sorted(parts))} besides")


@dataclass(frozen=True)
class _Copy:
    """Where a run was; training leaves its tensors alone."""

    tensors: dict[str, Tensor]
    history: list[EpochRow]
    steps: dict[str, Any]
    made: torch.cuda.Event | None

    @classmethod
    def of(cls, state: State) -> Self:
        # What is best is a copy already.
        tensors = {
            name: tensor if name.startswith("best.") else tensor.detach().clone()
            for name, tensor in state.tensors().items()
        }
        device, made = next(state.model.parameters()).device, None
        if device.type == "cuda":
            made = torch.cuda.current_stream(device).record_event()
        return cls(tensors, list(state.history), state.meter.to_dict(), made)


class Writer:
    """Writes checkpoints in a thread while training goes on, in their order.

    Training does not wait for the disk: where it is the slower of the two, the newest state takes
    the place of one that waits to be written. As a context: whatever ends it, the newest state
    given to `save` has been written, or could not be.

    Parameters
    ----------
    folder : RunFolder
    identity : mapping
        What the run is of; `restore` refuses another's.
    """

    def __init__(self, folder: RunFolder, identity: Identity) -> None:
        self._folder, self._identity = folder, identity
        self._thread = ThreadPoolExecutor(1, "medfast-checkpoint")
        self._writes: deque[Future[None]] = deque()
        self._newest: deque[_Copy] = deque(maxlen=1)
        self._stream: torch.cuda.Stream | None = None
        self._epoch = self._best_epoch = 0  # of what was written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # However often one asks, the folder is in use until the last write has ended.
        again: KeyboardInterrupt | None = None
        while True:
            try:
                self._thread.shutdown()
                break
            except KeyboardInterrupt as interrupt:
                again = interrupt
        if again is not None:
            raise again
        if kind is None:
            self._raise_what_failed()

    def save(self, state: State) -> None:
        """Have a run's state written, as it is now.

        Raises
        ------
        StorageError
            If one before it could not be written.
        """
        self._raise_what_failed()
        self._newest.append(_Copy.of(state))
        self._writes.append(self._thread.submit(self._write))

    def _raise_what_failed(self) -> None:
        while self._writes and self._writes[0].done():
            self._writes.popleft().result()

    def _write(self) -> None:
        if not self._newest:
            return  # two states were written as one
        copy = self._newest.popleft()
        tensors, history, steps = self._on_host(copy), copy.history, copy.steps
        del copy  # with the memory of the device that it holds
        facts = {"history": [asdict(row) for row in history], "steps": steps}
        # ``last`` comes first: should the process be killed here, the others follow from it.
        archive.save(self._folder.last, tensors, {**self._identity, "kind": "last", **facts})
        if len(history) == self._epoch:
            return
        best_epoch = best_row(history)[0].epoch
        if best_epoch != self._best_epoch:
            best = {n.removeprefix("best."): t for n, t in tensors.items() if n.startswith("best.")}
            _save_best(self._folder, best, best_epoch, self._identity)
        self._folder.write_metrics(history)
        self._epoch, self._best_epoch = len(history), best_epoch

    def _on_host(self, copy: _Copy) -> dict[str, Tensor]:
        """Fetch the tensors of a copy, on a stream beside that of the network."""
        if copy.made is None:
            return copy.tensors
        if self._stream is None:
            # A thread begins at the first GPU, and would take memory of it.
            torch.cuda.set_device(copy.made.device)
            self._stream = torch.cuda.Stream(copy.made.device)  # type: ignore[no-untyped-call]
        with torch.cuda.stream(self._stream):
            self._stream.wait_event(copy.made)
            return {name: tensor.cpu() for name, tensor in copy.tensors.items()}


def restore(folder: RunFolder, state: State, identity: Identity) -> None:
    """Be again where ``last`` was written, or at the beginning if it never was.

    The other files of that moment, which follow from it, are written again.

    Raises
    ------
    CheckpointError
        If ``last`` is lost or damaged, or of another recipe, set or model.
    """
    if not folder.last.exists():
        if folder.metrics.exists() or folder.best.exists():  # which are written after it
            raise CheckpointError(f"{folder.last} is missing: restore the file, or {folder.again}")
        return
    tensors, facts = archive.load(folder.last)
    with _refusing_what_no_run_wrote(folder.last):
        _refuse_others(folder.last, facts, "last", identity)
        _check_facts(folder.last, facts)
        state.load_tensors(tensors)
        state.history = [EpochRow(**row) for row in facts["history"]]
        state.meter = EpochMeter(**facts["steps"])
        if state.history:
            _check_best(state.best, state.model.state_dict())
    if state.history:
        _save_best(folder, state.best, best_row(state.history)[0].epoch, identity)
        folder.write_metrics(state.history)


def load_best(folder: RunFolder, identity: Identity, *, epoch: int) -> dict[str, Tensor]:
    """Read the weights of the best epoch.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, of another recipe or set, or not of `epoch`.
    """
    weights, facts = archive.load(folder.best)
    with _refusing_what_no_run_wrote(folder.best):
        _refuse_others(folder.best, facts, "best", identity)
        found = facts["epoch"]
    if epoch != found:
        raise CheckpointError(
            f"{folder.best} holds epoch {found}, but the best one is {epoch}; "
            "restore the file, or start the run again"
        )
    return weights


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a model of the same architecture.

    Raises
    ------
    CheckpointError
        If names or shapes differ.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"the checkpoint is another model's: {error}") from error


def _copies(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in named.items()}


def _save_best(
    folder: RunFolder, best: Mapping[str, Tensor], epoch: int, identity: Identity
) -> None:
    archive.save(folder.best, best, {**identity, "kind": "best", "epoch": epoch})


def _check_best(best: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    found, wanted = (
        {name: (tensor.shape, tensor.dtype) for name, tensor in named.items()}
        for named in (best, expected)
    )
    if found != wanted:
        raise ValueError("the weights of its best epoch are not of the run's network")


@contextmanager
def _refusing_what_no_run_wrote(path: Path) -> Iterator[None]:
    """Word what another version, or another program, put into a checkpoint."""
    try:
        yield
    except CheckpointError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is no checkpoint of this version of medfast ({type(error).__name__}: "
            f"{error}); restore the file, or start the run again"
        ) from error


def _check_facts(path: Path, facts: dict[str, Any]) -> None:
    check_fields(path, facts, {"history": [dict], "steps": dict})
    history, steps = facts["history"], facts["steps"]
    check_fields(path, steps, _STEPS, " of the steps")
    for number, row in enumerate(history, 1):
        check_fields(path, row, _ROW, f" of epoch {number}")
    if [row["epoch"] for row in history] != list(range(1, steps["epoch"] + 1)):
        raise ValueError(f"expected the steps of epoch {len(history)}, came {steps['epoch']}")
    if not len(steps["losses"]) == len(steps["norms"]) == len(steps["images"]):
        raise ValueError("it has not as many losses, norms and batches")
    if any(size < 1 for size in steps["images"]):
        raise ValueError("it has a batch without images")


def _refuse_others(path: Path, facts: dict[str, Any], kind: str, identity: Identity) -> None:
    if facts.get("kind") != kind:
        raise CheckpointError(
            f"{path} is not a {kind!r} checkpoint but {facts.get('kind')!r}; restore the file, or "
            "start the run again"
        )
    for what, present in identity.items():
        refuse_another(path, what, facts.get(what, {}), present)


def _load_optimizer(optimizer: Optimizer, named: Mapping[str, Tensor]) -> None:
    states: dict[int, dict[str, Tensor]] = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for key, tensor in named.items():
        index, name = key.split(".", 1)
        parameter, value = parameters[int(index)], tensor
        # torch's fused steps trust sizes and types, and with others would write beyond the tensor.
        expected = () if name == "step" else parameter.shape
        if tensor.shape != expected or tensor.dtype != parameter.dtype:
            raise ValueError(
                f"expected the optimizer's {key} to be {parameter.dtype} of shape "
                f"{list(expected)}, came {tensor.dtype} of shape {list(tensor.shape)}"
            )
        if expected:
            # With the strides of the parameter: in another order of elements, other ones go through
            # scalar instead of vector arithmetic, and their last bits change.
            value = torch.empty_like(parameter).copy_(tensor)
        states.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})

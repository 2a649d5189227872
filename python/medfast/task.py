"""The four kinds of task in MedMNIST, and the words for them."""

from __future__ import annotations

from enum import Enum

from medfast.errors import ConfigError, nearest


class Task(str, Enum):
    """What the labels of a set mean.

    The values are medfast's words; `Task.parse` also takes MedMNIST's (``"binary-class"``,
    ``"multi-label, binary-class"``, ``"ordinal-regression"``).

    Examples
    --------
    >>> Task.parse("ordinal-regression")
    <Task.ORDINAL: 'ordinal'>
    >>> Task.MULTI_LABEL.medmnist
    'multi-label, binary-class'
    """

    BINARY = "binary"
    MULTI_CLASS = "multi-class"
    MULTI_LABEL = "multi-label"
    ORDINAL = "ordinal"

    @property
    def medmnist(self) -> str:
        """The word that `medmnist.INFO` uses."""
        return _MEDMNIST_WORDS[self]

    @classmethod
    def parse(cls, word: str | Task) -> Task:
        """Read a task from medfast's or MedMNIST's word for it.

        Parameters
        ----------
        word : str or Task
            One of either vocabulary.

        Returns
        -------
        Task

        Raises
        ------
        ConfigError
            If the word is in neither vocabulary.
        """
        for task in cls:
            if word in (task, task.value, task.medmnist):
                return task
        raise ConfigError(
            f"unknown task {word!r}; {nearest(str(word), [task.value for task in cls])}"
        )


_MEDMNIST_WORDS = {
    Task.BINARY: "binary-class",
    Task.MULTI_CLASS: "multi-class",
    Task.MULTI_LABEL: "multi-label, binary-class",
    Task.ORDINAL: "ordinal-regression",
}

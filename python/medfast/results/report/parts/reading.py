"""What the figures say, in words for a reader who knows neither statistics nor code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from medfast.results.document.blocks import Statements
from medfast.results.groups import conditions
from medfast.results.report.classes import confusion_counts
from medfast.results.report.intervals import area_intervals, wilson_interval
from medfast.results.report.wording import INTERVAL, PERCENT, digits, images, percent, quoted
from medfast.task import Task

if TYPE_CHECKING:
    from medfast.results.report.answers import Answers
    from medfast.results.report.measures import Measures

# Of a class, or on either side of a binary one: with fewer images its figures say little.
_FEW = 10
_NAMES_LISTED = 5


def read_aloud(found: Measures, train: Answers | None) -> Statements:
    """Answer what a reader asks first.

    Parameters
    ----------
    found : Measures
    train : Answers or None
        Of the run that is shown, on the images that it learned from; None if `found` is of those.

    Returns
    -------
    Statements
    """
    run = f" (run {found.group.shown.name})" if found.group.repeated else ""
    pairs = (
        ("How good is it?", _how_good(found)),
        ("How sure is that?", _how_sure(found)),
        (f"Where does it fail?{run}", _where_it_fails(found)),
        (f"Do its probabilities mean what they say?{run}", _calibration(found)),
        (f"Has it learned its images by heart?{run}", _by_heart(found, train)),
        ("How does it compare with what was published?", _published(found)),
        ("What to be careful about", _cautions(found)),
    )
    return Statements(tuple((question, answer) for question, answer in pairs if answer))


def _how_good(found: Measures) -> tuple[str, ...]:
    area, shown = found.areas.mean, found.shown
    names = shown.names
    if math.isnan(area.value):
        first = f"That cannot be told: no class has both kinds of images in {found.split}."
    else:
        pairs = f"in {percent(area.value)} of such pairs (AUC {digits(area.value)})"
        scale = f"Guessing would reach 50{PERCENT}."
        if found.dataset.task is Task.BINARY:
            first = (
                f"Shown one image of {quoted(names[:1])} and one of {quoted(names[1:])}, it tells "
                f"which is which {pairs}. {scale}"
            )
        else:
            of, what = "of a class and one of another", "class"
            if shown.multi_label:
                of, what = "with a label and one without it", "label"
            number = len(names) - len(found.areas.absent)
            first = (
                f"Shown one image {of}, it gives the former the higher score {pairs}, on average "
                f"over the {number} {_plural(what, number)}. {scale}"
            )
    return (first, *_decisions(found))


def _decisions(found: Measures) -> tuple[str, ...]:
    acc, (guess, share) = found.acc, found.guess
    if acc.low > share:
        verdict = "It does better than that."
    elif acc.high < share:
        verdict = "It does worse than that."
    else:
        verdict = "These images do not show a difference between the two."
    if found.shown.multi_label:
        always = "“no”" if guess == "no" else "what is most frequent for the label"
        return (
            f"Of its yes-or-no decisions, one for each label of each image, {percent(acc.value)} "
            f"are right; always answering {always} would be right in {percent(share)}. {verdict}",
        )
    said = f"It names the right class for {percent(acc.value)} of the images"
    if not found.group.repeated:
        said += f" ({int(found.shown.right.sum()):,} of {len(found.shown):,})"
    always = (
        f"always answering {quoted([guess])}, the class most frequent in what it learned from, "
        f"would be right for {percent(share)}"
    )
    return (f"{said}; {always}. {verdict}",)


def _how_sure(found: Measures) -> tuple[str, ...]:
    area, count = found.areas.mean, len(found.shown)
    said: list[str] = []
    if math.isnan(area.value):
        return ()
    if not area.has_interval:
        lone = [found.shown.names[column] for column in found.areas.lone]
        why = f"{images(count).capitalize()} are too few, or too well told apart,"
        if lone:
            why = f"Of {quoted(lone)} there is a single image, or all but one: too few"
        said.append(f"{why} to say how far the AUC would be from that on other images.")
    else:
        said.append(
            f"The AUC is from {images(count)}. Its {INTERVAL} goes from {digits(area.low)} to "
            f"{digits(area.high)}: intervals made in this way hold the true figure in 95 tests of "
            f"100. {_against_guessing(area.low, area.high)} {_how_many_more(found)}"
        )
    if not found.group.repeated:
        said.append(
            "It was trained once. From another seed it would be somewhat better or worse, and the "
            "interval does not tell by how much; several runs would."
        )
        return tuple(said)
    runs = found.areas.of_runs
    said.append(
        f"Trained {len(runs)} times from different seeds, its AUC was between {digits(min(runs))} "
        f"and {digits(max(runs))} (standard deviation {digits(found.areas.std)})."
        + (
            " The interval is that of the mean over seeds, and covers other images and other seeds."
            if area.has_interval
            else ""
        )
    )
    return tuple(said)


def _how_many_more(found: Measures) -> str:
    if found.group.repeated:
        return "More images and more seeds would make it narrower."
    return "Four times as many images would make it about half as wide."


def _against_guessing(low: float, high: float) -> str:
    if low > 0.5:
        return "All of it is above 0.5, so the network does better than guessing."
    if high < 0.5:
        return "All of it is below 0.5, so the network does worse than guessing."
    return "0.5 is in it: these images do not show that the network does better than guessing."


def _where_it_fails(found: Measures) -> tuple[str, ...]:
    shown, classes = found.shown, found.classes
    never = [
        name
        for column, name in enumerate(shown.names)
        if classes.support[column] and not shown.decided[:, column].any()
    ]
    said: list[str] = []
    if shown.right.all():
        return ("It makes no mistake on these images.",)
    if shown.multi_label:
        said += _weakest_label(found)
        if never:
            said.append(f"At a probability of more than 0.5 it never says {_some(never)}.")
        return tuple(said)
    worst = int(np.nanargmin(classes.recall))
    total = int(classes.support[worst])
    hits = round(float(classes.recall[worst]) * total)
    share = wilson_interval(hits, total)
    said.append(
        f"Least often recognised: {quoted([shown.names[worst]])}, {hits:,} of {images(total)} "
        f"({percent(share.value)}; {INTERVAL} {percent(share.low)} to {percent(share.high)})."
    )
    mistakes = confusion_counts(shown)
    np.fill_diagonal(mistakes, 0)
    true, named = np.unravel_index(mistakes.argmax(), mistakes.shape)
    said.append(
        f"Most frequent mistake: {quoted([shown.names[true]])} taken for "
        f"{quoted([shown.names[named]])}, {images(int(mistakes[true, named]))}."
    )
    if never:
        said.append(f"It never answers {_some(never)}.")
    if found.dataset.task is Task.ORDINAL:
        near = np.abs(shown.chosen - shown.labels[:, 0].astype(np.intp)) <= 1
        said.append(
            f"It is off by one grade or less for {percent(float(near.mean()))} of the images."
        )
    return tuple(said)


def _weakest_label(found: Measures) -> list[str]:
    support = found.classes.support
    enough = [
        (area.value, column)
        for column, area in enumerate(found.areas.per_class)
        if min(support[column], len(found.shown) - support[column]) >= _FEW
    ]
    if not enough:
        return []
    value, column = min(enough)
    ends = found.areas.per_class[column]
    return [
        f"Told apart worst, of the labels with {_FEW} images or more: "
        f"{quoted([found.shown.names[column]])}, AUC {digits(value)} ({INTERVAL} "
        f"{digits(ends.low)} to {digits(ends.high)})."
    ]


def _calibration(found: Measures) -> tuple[str, ...]:
    calibration = found.calibration
    total = int(calibration.counts.sum())
    stated = float(np.average(calibration.stated, weights=calibration.counts))
    hits = int(calibration.hits.sum())
    share = hits / total
    if found.dataset.task is Task.BINARY:
        subject = f"On average it states {percent(stated)} for {quoted(found.shown.names[1:])}, and"
        said = f"{subject} {percent(share)} of the images are."
    elif found.shown.multi_label:
        said = (
            f"On average it states {percent(stated)} for a label, and {percent(share)} of them are "
            "there."
        )
    else:
        said = (
            f"On average it states {percent(stated)} for the class that it names, and is right in "
            f"{percent(share)}."
        )
        ends = wilson_interval(hits, total)
        if stated > ends.high:
            said += " It is too sure of itself."
        elif stated < ends.low:
            said += " It is less sure than it could be."
    return (
        f"{said} Over ten steps from 0 to 100{PERCENT}, what it states is off by "
        f"{100 * calibration.ece:.1f} percentage points on average (ECE); with few images some of "
        "that is chance.",
    )


def _by_heart(found: Measures, train: Answers | None) -> tuple[str, ...]:
    if train is None:
        return ()
    learned, area = area_intervals([train]).mean.value, found.areas_shown.mean
    if math.isnan(learned) or math.isnan(area.value):
        return ()
    said = (
        f"On the images that it learned from its AUC is {digits(learned)}, on those of "
        f"{found.split}, which it did not see, {digits(area.value)}."
    )
    if area.has_interval and learned > area.high:
        return (f"{said} That is more than chance explains: to some degree it has.",)
    return (f"{said} The images do not show that it has.",)


def _published(found: Measures) -> tuple[str, ...]:
    published, area = found.published, found.areas.mean
    if published is None or not area.has_interval:
        return ()
    place = (
        "above" if published.auc > area.high else "below" if published.auc < area.low else "within"
    )
    said = (
        f"For this network and size of images the MedMNIST paper has an AUC of {published.auc:.3f} "
        f"and an ACC of {published.acc:.3f}. That AUC is {place} the interval found here."
    )
    run, unlike = found.group.shown, []
    if published.enlarged is not None and run.size == run.input_size:
        unlike.append(f"There the input was {published.enlarged}")
    if run.other_stem:
        unlike.append(f"This network has the {run.other_stem}, and that one has not")
    if run.recipe.name != "official":
        unlike.append(f"It is from the recipe “official”, and this one is “{run.recipe.name}”")
    for reason in unlike:
        said += f" {reason}: the two are not like for like."
    return (said,)


def _cautions(found: Measures) -> tuple[str, ...]:
    shown, run = found.shown, found.group.shown
    counts = shown.truth.sum(axis=0)
    said: list[str] = []
    if found.split == "train":
        said.append("These are the images that it learned from: on others it does worse.")
    if found.split == "val":
        said.append(
            "These images chose the epoch, which makes the figures a little too good; test decides."
        )
    if (
        not run.official
        and run.environment["dataset"]["source"] == "catalog"
        and run.flag != "digits"
    ):
        said.append(
            "The file is not the one that MedMNIST published: its figures are not MedMNIST's."
        )
    absent = [shown.names[column] for column in found.areas.absent]
    if absent:
        rest = "" if math.isnan(found.areas.mean.value) else " The mean AUC is over the others."
        said.append(
            f"Of {_some(absent)} there is no image here, or every image is of it: nothing can be "
            f"said of that.{rest}"
        )
    rare = [name for name, n in zip(shown.names, counts, strict=True) if 0 < n < _FEW]
    if rare:
        said.append(
            f"Of {_some(rare)} there are fewer than {_FEW} images: those figures are rough."
        )
    trained = conditions(found.group.runs)
    if len(trained) > 1:
        said.append(f"The runs are taken together, though trained in {' and '.join(trained)}.")
    if run.summary["chosen_epoch"] == run.recipe.epochs and run.recipe.epochs > 1:
        said.append("The best epoch was the last one, so that longer training may help.")
    said.append(
        "The intervals take every image for independent of the others. Where several are of one "
        "patient, they are too narrow."
    )
    said.append("This is a result of research, and no basis for a diagnosis.")
    return tuple(said)


def _some(names: list[str]) -> str:
    if len(names) <= _NAMES_LISTED:
        return quoted(names)
    listed = ", ".join(quoted([name]) for name in names[:_NAMES_LISTED])
    return f"{listed} and {len(names) - _NAMES_LISTED} more"


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word}es" if word.endswith("s") else f"{word}s"

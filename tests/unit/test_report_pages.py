"""Pages: HTML that stands alone and is well-formed, Markdown that says the same."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markdown_it import MarkdownIt

from made_runs import make_run
from medfast.data.dataset import open_file
from medfast.results.document.drawing import COLOURS, HEIGHT, draw, photograph
from medfast.results.document.lines import Line, below, epoch_panel
from medfast.results.document.writing import html_page, markdown_page
from medfast.results.report.sections import describe
from medfast.results.runs import open_runs
from medfast.results.tables import escape_markdown
from medfast.task import Task
from tiny_runs import save_six_keys, tiny_dataset

VOID = {"img", "meta", "br"}
HOSTILE = ("<b>bold</b> & 'co'", "a|b*c_`d`", "$x^2$ {{ name }} and a name too long for a plot")


class Page(HTMLParser):
    """Collects what a page is made of, and checks that its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def open_tiny(
    folder: Path, task: Task, names: tuple[str, ...] | None = None, **changes: Any
) -> Any:
    dataset = tiny_dataset(task, **changes)
    path = save_six_keys(dataset, folder / f"{task.value}.npz")
    return open_file(path, task=task, label_names=names or dataset.label_names)


def pages_of(*paths: Path, split: str = "test") -> tuple[Page, str]:
    report = describe(open_runs(paths), split=split)
    return Page(html_page(report)), markdown_page(report, "pictures")


@pytest.fixture(scope="module", params=list(Task), ids=[task.value for task in Task])
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Task, Page, str]:
    tmp_path = tmp_path_factory.mktemp("pages")
    dataset = open_tiny(tmp_path, request.param)
    run = make_run(tmp_path / "run", dataset, augment=["RandomHorizontalFlip"])
    return (request.param, *pages_of(run))


def test_a_page_says_everything(pages: tuple[Task, Page, str]) -> None:
    task, page, markdown = pages
    headings = [
        "In plain words",
        "Figures",
        "Learning curves",
        "ROC curves",
        "Precision-recall curves",
        "Decisions by label" if task is Task.MULTI_LABEL else "Confusion matrix",
        "By label" if task is Task.MULTI_LABEL else "By class",
        "Calibration",
        "Images and answers",
        "Augmentation",
        "Class balance",
        "How to get this again",
    ]
    text = page.text()
    for heading in headings:
        assert heading in text
        assert f"\n### {heading}\n" in markdown
    curves = 1 if task is Task.BINARY else 3
    # Area, two of learning, ROC, precision and recall, two of calibration.
    assert len(page.of("svg")) == 1 + 2 + 2 * curves + 2
    for words in (
        "95 % interval",
        "Brier score",
        "ECE",
        "precision",
        "recall",
        "F1",
        f"--data {task.value}.npz --task {task.value} --recipe recipe.yaml",
        "milestones: [0.5, 0.75]",
        "OMP_NUM_THREADS=1",
    ):
        assert words in text.replace("\xa0", " ")
        assert words in markdown.replace("\xa0", " ")


def test_a_page_stands_alone(pages: tuple[Task, Page, str]) -> None:
    _, page, _ = pages
    assert page.of("script") == page.of("link") == page.of("iframe") == []
    for _, attributes in page.elements:
        for name, value in attributes.items():
            if name in ("src", "href", "xlink:href"):
                assert re.match(r"#|data:image/png;base64,", value or ""), value


def test_a_page_can_be_read_without_seeing_it(pages: tuple[Task, Page, str]) -> None:
    _, page, _ = pages
    assert page.of("html") == [{"lang": "en"}]
    assert all(image["alt"] for image in page.of("img"))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.of("svg"))
    assert all(heading["scope"] in ("col", "row") for heading in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table"))
    anchors = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {link["href"] for link in page.of("a")} <= {f"#{anchor}" for anchor in anchors}


def test_ids_are_unique(pages: tuple[Task, Page, str]) -> None:
    _, page, _ = pages
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_picture_of_the_markdown_is_there(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", open_tiny(tmp_path, Task.MULTI_CLASS))
    report = describe(open_runs([run]))
    linked = re.findall(r"\(pictures/([\w-]+)\.png\)", markdown_page(report, "pictures"))
    assert linked == [picture.name for picture in report.pictures]
    assert len(set(linked)) == len(linked)


def test_names_are_not_markup(tmp_path: Path) -> None:
    dataset = open_tiny(tmp_path, Task.MULTI_CLASS, HOSTILE)
    page, markdown = pages_of(make_run(tmp_path / "run", dataset))
    assert page.of("b") == []
    html = MarkdownIt("commonmark").enable("table").render(markdown)
    rendered = Page(html)
    for name in HOSTILE:
        assert name in page.text()
        assert name in rendered.text()
    assert rendered.of("b") == rendered.of("em") == []
    # A row has as many cells as its heading, whatever is in the names.
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        counts = {len(re.findall("<t[hd][ >]", row)) for row in table.split("</tr>")[:-1]}
        assert len(counts) == 1


@pytest.mark.parametrize(
    "text",
    [
        "1. first",
        "- item",
        "+ item",
        "# title",
        "a\nb",
        "> quote",
        "~~x~~",
        "0.892",
        "-",
        "===",
        "_x_ a_b",
        "__x__ a__b _ __",
        "[0.1, 0.2]",
        "[1](2) [3][4]",
        "![5](6)",
        "p < 0.1",
        "&lt; &#60; a & b",
        "<i>",
    ],
)
def test_markdown_means_itself(text: str) -> None:
    html = MarkdownIt("commonmark").render(escape_markdown(text))
    expected = escape(text.replace("\n", " "), quote=False)
    assert html == f"<p>{expected}</p>\n"


def test_repeats_are_shown_together(tmp_path: Path) -> None:
    dataset = open_tiny(tmp_path, Task.BINARY)
    paths = [make_run(tmp_path / f"seed-{seed}", dataset, seed=seed) for seed in range(3)]
    page, _ = pages_of(*paths)
    text = page.text()
    assert "means of 3 runs" in text
    assert "Trained 3 times from different seeds" in text
    assert "Each run by itself" in text
    assert text.count("(shown below)") == 1
    assert "All runs together" not in text


def test_recipes_and_sets_are_told_apart(tmp_path: Path) -> None:
    first, other = open_tiny(tmp_path, Task.BINARY), open_tiny(tmp_path, Task.MULTI_LABEL)
    paths = [
        make_run(tmp_path / "one", first),
        make_run(tmp_path / "two", first, lr=0.1),
        make_run(tmp_path / "three", other),
    ]
    page, markdown = pages_of(*paths)
    assert page.text().count("All runs, test") == 1
    assert "## binary\n" in markdown
    assert "## multi-label\n" in markdown
    assert "### resnet18, official, epochs=3, lr=0.1\n" in markdown
    assert len(page.of("section")) == 2 + 4 + 2 * 8 + 12
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_words_follow_the_figures(tmp_path: Path) -> None:
    dataset = open_tiny(tmp_path, Task.BINARY, ("sick", "well"), sizes=(41, 18, 60))
    labels = dataset.splits["test"].labels
    perfect = np.eye(2, dtype=np.float32)[labels[:, 0]]
    guessing = np.full((60, 2), 0.5, np.float32)
    guessing[::2] = [0.25, 0.75]
    text = {}
    for name, scores in {"perfect": perfect, "guessing": guessing}.items():
        run = make_run(tmp_path / name, dataset, scores={"test": scores})
        text[name] = pages_of(run)[0].text().replace("\xa0", " ")
    assert "in 100 % of such pairs (AUC 1.000)" in text["perfect"]
    assert "It makes no mistake on these images." in text["perfect"]
    assert "It does better than that." in text["perfect"]
    assert "60 images are too few, or too well told apart" in text["perfect"]
    assert "do not show that the network does better than guessing" in text["guessing"]
    assert "These images do not show a difference between the two." in text["guessing"]


@pytest.mark.parametrize("runs", [1, 2])
def test_a_class_of_a_single_image_is_said_to_leave_no_interval(tmp_path: Path, runs: int) -> None:
    labels = {"test": np.repeat([0, 1, 2], [10, 9, 1])[:, None]}
    dataset = open_tiny(tmp_path, Task.MULTI_CLASS, labels=labels)
    text = pages_of(*(make_run(tmp_path / str(n), dataset, seed=n) for n in range(runs)))[0].text()
    assert (
        "Of “c” there is a single image, or all but one: too few to say how far the AUC would be "
        "from that on other images."
    ) in text
    assert "none where a class has a single image" in text
    assert "The interval is that of the mean" not in text


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    nobody = {"test": np.zeros((20, 1), int), "val": np.zeros((18, 1), int)}
    run = make_run(tmp_path / "run", open_tiny(tmp_path, Task.BINARY, labels=nobody))
    page, _ = pages_of(run)
    text = page.text()
    assert "That cannot be told: no class has both kinds of images in test." in text
    assert "No curve of “a” and “b”" in text
    assert len(page.of("svg")) == 2 + 2


@pytest.mark.parametrize("task", list(Task))
def test_splits_of_one_image(tmp_path: Path, task: Task) -> None:
    run = make_run(tmp_path / "run", open_tiny(tmp_path, task, sizes=(41, 1, 1)))
    assert "on 1 image of test" in pages_of(run)[0].text()


def test_another_split_is_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", open_tiny(tmp_path, Task.BINARY))
    text = pages_of(run, split="train")[0].text()
    assert "on 41 images of train" in text
    assert "These are the images that it learned from" in text
    assert "learned its images by heart" not in text


@pytest.mark.parametrize(
    ("changes", "published", "unlike"),
    [
        ({}, "0.901 - 0.863", "this one is “official, epochs=3”"),
        ({"stem": "imagenet"}, "0.901 - 0.863", "This network has the ImageNet stem"),
        ({"resize": 224}, "0.891 - 0.833", "this one is “official, epochs=3”"),
        ({"epochs": 100}, "0.901 - 0.863", ""),
        ({"epochs": 100, "resize": 224}, "0.891 - 0.833", ""),
    ],
)
def test_the_published_row_is_beside_an_official_run(
    tmp_path: Path, changes: dict[str, Any], published: str, unlike: str
) -> None:
    dataset = open_tiny(tmp_path, Task.BINARY)
    save_six_keys(dataset, tmp_path / "breastmnist.npz")
    dataset = open_file(tmp_path / "breastmnist.npz", task="binary")
    run = make_run(tmp_path / "run", dataset, official=True, **changes)
    summary = (run / "summary.json").read_text()
    (run / "summary.json").write_text(summary.replace('"size": 8', '"size": 28'))
    text = pages_of(run)[0].text()
    assert f"published (test) - {published}" in text
    assert f"the MedMNIST paper has an AUC of {published[:5]}" in text
    assert unlike in text
    assert ("the two are not like for like" in text) == bool(unlike)


def test_a_plot_takes_the_colour_of_the_text_around_it() -> None:
    picture = draw("name", "what <it> shows", lambda axes: axes.plot([0, 1], label="<b> $x$"))
    assert "currentColor" in picture.svg
    assert "#010203" not in picture.svg
    assert "&lt;it&gt;" in picture.svg
    assert picture == draw("name", "what <it> shows", lambda axes: axes.plot([0, 1], label="b"))


@pytest.mark.parametrize(
    ("names", "rows"), [(["", "one"], 0), (["a", "b", "c", "d", "e"], 3), (["a" * 30, "b"], 2)]
)
def test_names_that_are_many_or_long_are_below_the_plot(names: list[str], rows: int) -> None:
    lines = [Line((1, 2), (0.5, 0.7), COLOURS[n], name) for n, name in enumerate(names)]
    assert below(lines) == pytest.approx(0.18 * rows)
    svg = epoch_panel("name", "alt", "title", lines, ()).svg
    assert all(f">{name}<" in svg for name in names if name)
    (box,) = re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', svg)
    assert float(box) == pytest.approx(72 * (HEIGHT + 0.18 * rows), abs=0.1)


def test_a_photograph_is_enlarged_in_squares() -> None:
    import io

    from PIL import Image

    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    with Image.open(io.BytesIO(photograph("name", "alt", image).png)) as found:
        pixels = np.asarray(found)
    assert pixels.shape == (112, 112)
    assert np.array_equal(pixels[::14, ::14], image[..., 0])

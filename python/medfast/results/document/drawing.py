"""From a plot or an image to a picture of the page: the same bytes every time."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

from medfast.results.document.blocks import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

# Okabe and Ito's colours without black and yellow, the strongest on white first; page.css has
# lighter ones for dark paper.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Stands for the colour of the text around the plot, which a browser may show light on dark.
INK = "#010203"

WIDTH, HEIGHT = 3.5, 3.0  # inches
_DPI = 120
_TILE = 112
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "font.size": 8.5,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "grid.linewidth": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "lines.linewidth": 1.4,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a class may be named with dollars
    "xtick.color": INK,
    "ytick.color": INK,
}


def draw(
    name: str,
    alt: str,
    paint: Callable[[Axes], None],
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Picture:
    """Draw a plot.

    Parameters
    ----------
    name, alt : str
        See `Picture`.
    paint : callable
        Draws on the axes that it is given, in `INK` and `COLOURS`.
    width, height : float
        In inches.

    Returns
    -------
    Picture
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    svg, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # Of letters that DejaVu lacks; a browser has other fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure.subplots())
        figure.draw_without_rendering()
        figure.set_layout_engine(None)  # it is laid out, which takes longer than drawing it
        figure.savefig(svg, format="svg", facecolor="none", metadata={"Date": None})
        figure.savefig(png, format="png", facecolor="white", dpi=_DPI, metadata={"Software": None})
    return Picture(name, alt, png.getvalue(), _inline(svg.getvalue().decode("utf-8"), alt))


def _inline(svg: str, alt: str) -> str:
    """Make an SVG file an element of a page, which needs no namespaces."""
    root = ET.fromstring(svg)  # noqa: S314 - matplotlib's own
    for parent in list(root.iter()):
        for child in list(parent):
            # A style would hold for the whole page.
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    used = set(re.findall(r"#(\w+)", " ".join(v for e in root.iter() for v in e.attrib.values())))
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        if _HREF in element.attrib:
            element.set("href", element.attrib.pop(_HREF))
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    text = ET.tostring(root, encoding="unicode").replace(INK, "currentColor")
    for number, colour in enumerate(COLOURS):
        text = text.replace(colour, f"var(--plot-{number}, {colour})")
    return text


def photograph(name: str, alt: str, image: NDArray[np.uint8]) -> Picture:
    """Make a picture of an image, each pixel enlarged to a square of pixels if it is small.

    Parameters
    ----------
    name, alt : str
        See `Picture`.
    image : ndarray of uint8 of shape (size, size), (size, size, 1) or (size, size, 3)

    Returns
    -------
    Picture
    """
    from PIL import Image

    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    times = max(1, -(-_TILE // image.shape[0]))
    stream = io.BytesIO()
    enlarged = np.ascontiguousarray(image.repeat(times, axis=0).repeat(times, axis=1))
    Image.fromarray(enlarged).save(stream, format="PNG", optimize=True)
    return Picture(name, alt, stream.getvalue())

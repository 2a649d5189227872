"""What a document is made of, before it is HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import medfast
from medfast.results.tables import Table


@dataclass(frozen=True)
class Picture:
    """An image of the page.

    Attributes
    ----------
    name : str
        Unlike that of any other picture of the page; letters, digits and hyphens.
    alt : str
        What it shows, for who cannot see it.
    png : bytes
        For Markdown, and for HTML where there is no `svg`.
    svg : str
        An element that takes the colour of the text around it; empty for photographs.
    """

    name: str
    alt: str
    png: bytes
    svg: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Statements:
    """Questions, each with what answers it."""

    kind: ClassVar[str] = "statements"
    pairs: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Bullets:
    """Sentences in a list."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Panels:
    """Plots beside each other, as many as the page is wide.

    Attributes
    ----------
    aside : bool
        Whether they stand beside the text that follows, where the page is wide enough.
    """

    kind: ClassVar[str] = "panels"
    caption: str
    pictures: tuple[Picture, ...]
    aside: bool = False


@dataclass(frozen=True)
class Tile:
    """A photograph with what is to be said of it."""

    picture: Picture
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Tiles:
    """Photographs beside each other.

    Attributes
    ----------
    columns : int
        How many belong in a row; 0 for as many as the page is wide.
    """

    kind: ClassVar[str] = "tiles"
    caption: str
    tiles: tuple[Tile, ...]
    columns: int = 0


@dataclass(frozen=True)
class Code:
    """Text to be copied as it is."""

    kind: ClassVar[str] = "code"
    caption: str
    text: str


Block = Text | Statements | Bullets | Table | Panels | Tiles | Code


@dataclass(frozen=True)
class Part:
    """Blocks under a heading."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Chapter:
    """Parts that belong together, in a section that has several such.

    Attributes
    ----------
    anchor : str
    title : str
        Empty where the chapter is the only one.
    parts : tuple of Part
    """

    anchor: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Section:
    """A main heading: a set, or a question."""

    anchor: str
    title: str
    lead: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Document:
    """All of it."""

    title: str
    sections: tuple[Section, ...]
    overview: Table | None = None

    @property
    def footer(self) -> str:
        """What made it."""
        return f"Made by medfast {medfast.__version__} from the folders of the runs."

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every picture of the page, in its order."""
        blocks = (
            block
            for section in self.sections
            for chapter in section.chapters
            for part in chapter.parts
            for block in part.blocks
        )
        found: list[Picture] = []
        for block in blocks:
            if isinstance(block, Panels):
                found += block.pictures
            elif isinstance(block, Tiles):
                found += (tile.picture for tile in block.tiles)
        return tuple(found)

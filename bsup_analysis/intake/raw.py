"""A file as rows of cells, whatever it was: the row numbers are those a reader sees."""

from collections.abc import Sequence
from dataclasses import dataclass

from bsup_analysis.intake.numbers import Cell

# all municipalities of the country in thirty years with forty columns are half a million cells
MOST_BYTES = 300_000_000
MOST_CELLS = 5_000_000
LONGEST_TEXT = 10_000


@dataclass(frozen=True)
class RawTable:
    """The rows of a file, or of one sheet of it.

    Parameters
    ----------
    file
        The file's name, without its folder.
    sheet
        The sheet, empty where the format has none.
    rows
        Row 1 of the file is the first; empty rows are kept, so that numbers stay right.
    comments
        Lines that are no part of the table (beginning with `#`).
    """

    file: str
    sheet: str
    rows: Sequence[Sequence[Cell]]
    comments: tuple[str, ...] = ()

    def where(self, row: int | None = None) -> str:
        """Name the place for a sentence: file, sheet and row."""
        parts = [self.file]
        parts += [f"sheet {self.sheet}"] if self.sheet else []
        parts += [f"row {row}"] if row is not None else []
        return ", ".join(parts)


def is_blank(row: Sequence[Cell]) -> bool:
    """Tell whether a row holds nothing."""
    return not any(cell.strip() if isinstance(cell, str) else True for cell in row)

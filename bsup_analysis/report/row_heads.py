"""The first cell of each row of a PDF's tables tagged as the row's head.

Typst tags the heads of columns alone: its function for heads of rows stands behind a switch that
its Python package does not have.  So the tags are set in the finished file; what is seen stays.
"""

import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, PdfObject

_ROW = {NameObject("/O"): NameObject("/Table"), NameObject("/Scope"): NameObject("/Row")}


def with_row_heads(pdf: bytes) -> bytes:
    """Tag the first cell of each row of a table's body as a head with the row as its scope.

    Cells then find their heads by scope, in both directions, and not by a list of column heads.

    Parameters
    ----------
    pdf
        A tagged PDF, the first column of whose tables names the rows.

    Returns
    -------
    bytes
        The same file but for the tags; the same input has the same bytes.
    """
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    for entry in writer._objects:  # the writer has no way of its own through the tags
        if _is(entry, "/TBody"):
            for row in _kids(entry):
                if _is(row, "/TR"):
                    _name_row(_kids(row))
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _name_row(cells: list[PdfObject]) -> None:
    for place, cell in enumerate(cells):
        if not isinstance(cell, DictionaryObject):
            continue
        attributes = [DictionaryObject(one) for one in _listed(cell.get("/A"))]
        for one in attributes:
            one.pop("/Headers", None)
        if place == 0:
            cell[NameObject("/S")] = NameObject("/TH")
            attributes.append(DictionaryObject(_ROW))
        cell.pop("/A", None)
        if kept := [one for one in attributes if len(one) > 1]:
            cell[NameObject("/A")] = ArrayObject(kept)


def _is(entry: PdfObject | None, kind: str) -> bool:
    return isinstance(entry, DictionaryObject) and entry.get("/S") == kind


def _kids(element: PdfObject | None) -> list[PdfObject]:
    return _listed(element.get("/K")) if isinstance(element, DictionaryObject) else []


def _listed(value: PdfObject | None) -> list:
    if value is None:
        return []
    found = value.get_object()
    return [one.get_object() for one in found] if isinstance(found, ArrayObject) else [found]

"""Rendered pages held against stored pictures; what differs is shown as a picture.

`make golden` stores the pictures anew, where a change is meant.
"""

import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from displayed import displayed
from PIL import Image
from published_report import CHECKOUT, LANGUAGES, seal

from bsup_analysis.chapters.comparability import maps
from bsup_analysis.chapters.effects import contrast
from bsup_analysis.chapters.programme import pyramid, start_loans
from bsup_analysis.published.reader import read_edition
from bsup_analysis.report.content import Report, compose
from bsup_analysis.study import Study

STORED = Path(__file__).resolve().parent / "golden"
DIFFERENCES = CHECKOUT / "build" / "golden"
WRITE = "BSUP_GOLDEN"
COLOURS = 48
SEEN = 48  # of 255 levels: what an eye sees, and no rounding of a colour
# drawn for real; the other exhibits of the pages are the small drawing of `published_report`
REAL = (
    pyramid.programme_pyramid,
    maps.municipality_map,
    start_loans.start_loan_table,
    contrast.group_contrast,
    contrast.verdict_table,
)


def hold(name: str, png: bytes, *, allowed: float, stored: Path = STORED) -> None:
    """Hold a picture against the stored one.

    Parameters
    ----------
    name
        Of the stored picture, without its ending.
    png
        The picture now.
    allowed
        Share of the pixels that may differ to the eye.
    stored
        Folder of the stored pictures.

    Raises
    ------
    AssertionError
        It differs; the message names a picture of the stored page, the page now and the
        difference.
    """
    now = _few_colours(Image.open(io.BytesIO(png)))
    path = stored / f"{name}.png"
    if os.environ.get(WRITE):
        stored.mkdir(exist_ok=True)
        now.save(path, optimize=True)
        return
    assert path.is_file(), f"there is no stored picture of {name}; `make golden` stores it"
    was = Image.open(path)
    differing = _differing(was, now)
    share = float(differing.mean())
    if share <= allowed:
        return
    shown = DIFFERENCES / f"{name}.png"
    shown.parent.mkdir(parents=True, exist_ok=True)
    _side_by_side(was, now, differing).save(shown)
    raise AssertionError(
        f"{name}: {share:.3%} of the page looks otherwise, {allowed:.3%} may. Look at {shown}: "
        "stored, now, and in red what differs. If it is meant, `make golden` stores the page anew."
    )


def _few_colours(picture: Image.Image) -> Image.Image:
    plain = picture.convert("RGB")
    # by how far colours are apart, not by how much of the page they take
    return plain.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def _differing(was: Image.Image, now: Image.Image) -> np.ndarray:
    """Tell for each pixel whether it looks otherwise; a page of another size does all over."""
    if was.size != now.size:
        return np.ones((now.height, now.width), bool)
    pixels = [np.asarray(one.convert("RGB"), np.int16) for one in (was, now)]
    return np.abs(pixels[0] - pixels[1]).max(axis=2) > SEEN


def _side_by_side(was: Image.Image, now: Image.Image, differing: np.ndarray) -> Image.Image:
    pale = np.asarray(now.convert("L").convert("RGB")) // 2 + 127
    pale[differing] = (204, 0, 0)
    parts = [was.convert("RGB"), now.convert("RGB"), Image.fromarray(pale)]
    width, height = sum(one.width for one in parts), max(one.height for one in parts)
    whole = Image.new("RGB", (width + 20, height), "white")
    across = 0
    for one in parts:
        whole.paste(one, (across, 0))
        across += one.width + 10
    return whole


@pytest.fixture(scope="session")
def golden_root(published_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published root of the tests, some of its exhibits drawn for real."""
    root = tmp_path_factory.mktemp("golden") / "root"
    shutil.copytree(published_root, root)
    reports = root / "reports"
    manifest: dict[str, Any] = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
    for language in LANGUAGES:
        folder = root / "made" / language
        study = Study(language, str(folder))
        for make in REAL:
            displayed(study, make)
        study.close()
        made = json.loads((folder / "exhibits.json").read_text(encoding="utf-8"))
        manifest["pages"][f"{language}/run"]["exhibits"] |= made
        for picture in (folder / "figures").iterdir():
            shutil.copy(picture, reports / language / "figures")
    seal(reports, manifest["pages"], manifest["exhibits"])
    return root


def golden_report(root: Path, language: str) -> dict[str, Report]:
    """Compose report and annex with an edition and versions that do not move with the numbers."""
    published = read_edition(root / "reports", language)
    return compose(replace(published, digests={"reports/numbers.json": "0" * 64}))

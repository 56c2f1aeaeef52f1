"""The file of a demonstration panel: its name and first line say that it is synthetic."""

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.intake.demo import DemoParameters
from bsup_analysis.intake.files import SYNTHETIC_PREFIX
from bsup_analysis.tables import to_csv


def demo_text(panel: pd.DataFrame, parameters: DemoParameters) -> str:
    """Give the file: a line that says what it is, with the hash of what follows, then CSV."""
    body = to_csv(panel)
    stated = {
        "synthetic": True,
        "made_by": "bsup demo",
        **asdict(parameters),
        "sha256": hashlib.sha256(body.encode("utf-8")).hexdigest(),
    }
    return f"# SYNTHETIC {json.dumps(stated)}\n{body}"


def write_demo(panel: pd.DataFrame, parameters: DemoParameters, folder: Path) -> Path:
    """Write a synthetic panel.

    Raises
    ------
    InputError
        The folder is one of data or of results.
    """
    for kept in (paths.root() / "data", paths.reports()):
        if folder.resolve().is_relative_to(kept):
            raise InputError(
                f"synthetic data are never written to {kept.name}/; choose another folder."
            )
    path = folder / f"{SYNTHETIC_PREFIX}start_loans_seed{parameters.seed}.csv"
    write_aside(path, demo_text(panel, parameters))
    return path


def read_demo(path: Path) -> tuple[pd.DataFrame, DemoParameters]:
    """Read a synthetic panel that nobody has edited.

    Raises
    ------
    InputError
        The file is missing, is not one of ours, or was changed.
    """
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        raise InputError(f"{path.name} is no file of bsup demo; make one with bsup demo.") from None
    try:
        stated = json.loads(head.removeprefix("# SYNTHETIC "))
        parameters = DemoParameters(**{n: stated[n] for n in DemoParameters.__dataclass_fields__})
        recorded = stated["sha256"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path.name} has no header of bsup demo; make it again.") from None
    named = path.name.startswith(SYNTHETIC_PREFIX)
    if not named or recorded != hashlib.sha256(body.encode("utf-8")).hexdigest():
        raise InputError(f"{path.name} was changed after bsup demo wrote it; make it again.")
    panel = pd.read_csv(io.StringIO(body), dtype={"agreement_year": "Int64"})
    return panel.fillna({"role": ""}), parameters

"""The committed numbers and tables, published as the pipeline would, with drawings of our own.

The drawings, captions and shown tables are made here, because git keeps only numbers and drawn
data; the numbers in the report's sentences are the real ones.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from bsup_analysis.exhibit.style import rendered

CHECKOUT = Path(__file__).resolve().parent.parent
LANGUAGES = ("nb", "en")
# exhibits of the committed tables that have no drawing
TABLES = {
    "agreement_readings",
    "audit_arithmetic",
    "audit_issues",
    "audit_readings",
    "audit_statements",
    "chosen_specification",
    "per_inhabitant",
    "power_detectable",
    "power_linear_rates",
    "start_loan_table",
    "verdict_amount",
    "verdict_average",
    "verdict_loans",
}
SHOWN = {
    "head": ["Municipality", "Loans 2009", "Note"],
    "rows": [
        ["Ålesund", "104", "a note that is longer than its head"],
        ["Røros", "8", "<b>not markup</b>"],
        ["Sum", "112", ""],
    ],
    "numeric": [1],
}


def drawing() -> bytes:
    """Draw two letters and a hatched bar, as SVG."""
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.bar([1], [2], hatch="//", color="white", edgecolor="black")
    axes.set_title("Æå")
    axes.set_axis_off()
    return rendered(figure, "svg")


@pytest.fixture(scope="session")
def published_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a published report in both languages."""
    root = tmp_path_factory.mktemp("published")
    reports = root / "reports"
    shutil.copytree(CHECKOUT / "reports" / "tables", reports / "tables")
    shutil.copy(CHECKOUT / "reports" / "numbers.json", reports / "numbers.json")
    names = sorted(path.stem for path in (reports / "tables").glob("*.csv"))
    svg = drawing()
    pages: dict[str, Any] = {}
    exhibits: dict[str, Any] = {}
    for language in LANGUAGES:
        places = {name: reports / language / name for name in ("figures", "html")}
        for place in places.values():
            place.mkdir(parents=True)
        (places["html"] / "run.html").write_text("<h1>A page</h1>", encoding="utf-8")
        for name in set(names) - TABLES:
            (places["figures"] / f"{name}.svg").write_bytes(svg)
        words = {
            name: {
                "kind": "table" if name in TABLES else "figure",
                "title": f"Title of {name}",
                "caption": 'A caption with "quotes", a \\ and # signs.',
                "source": "A source & another.",
                "alternative_text": f"What {name} shows.",
                "function": f"bsup_analysis.exhibit.family.{name}",
                "tables": [],
                "shown": SHOWN if name in TABLES else None,
            }
            for name in names
        }
        pages[f"{language}/run"] = {
            "run": "run",
            "language": language,
            "notebook": "notebooks/04_effects.ipynb",
            "parameters": {},
            "contents": {"exhibits": [{"id": name, "title": name} for name in names]},
            "exhibits": words,
        }
        exhibits = {
            name: {
                "notebook": "notebooks/04_effects.ipynb",
                "function": f"bsup_analysis.exhibit.family.{name}",
                "kind": words[name]["kind"],
                "parameters": {"level": "published"},
                "inputs": {"data/raw/toy.csv": "0" * 64},
            }
            for name in names
        }
    seal(reports, pages, exhibits)
    return root


def seal(reports: Path, pages: dict[str, Any], exhibits: dict[str, Any]) -> None:
    """Write the manifest of what lies there."""
    files = {
        path.relative_to(reports).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(reports.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }
    manifest = {
        "files": files,
        "pages": pages,
        "exhibits": exhibits,
        "tables": {},
        "packages": {"bsup_analysis": "0.1.0"},
        "python": "3.11.0",
    }
    (reports / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

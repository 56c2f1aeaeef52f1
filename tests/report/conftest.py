"""Published results to make reports from, as they are or with numbers changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from published_report import LANGUAGES, published_root, seal

from bsup_analysis.published.reader import read_edition
from bsup_analysis.report.content import DOCUMENTS, Report, compose

__all__ = ["published_root"]


@pytest.fixture
def own_root(published_root: Path, tmp_path: Path) -> Path:
    """A copy of the published root, to be changed."""
    root = tmp_path / "root"
    shutil.copytree(published_root, root)
    return root


@pytest.fixture
def with_numbers(own_root: Path) -> Callable[..., dict[str, Report]]:
    """Compose both documents after some numbers are changed, put in or, if None, taken out."""

    def composed(language: str, **changed: float | None) -> dict[str, Report]:
        reports = own_root / "reports"
        numbers = json.loads((reports / "numbers.json").read_text(encoding="utf-8"))
        for name, value in changed.items():
            if value is None:
                numbers.pop(name)
            else:
                none = {"unit": "ratio", "exhibit": next(iter(numbers.values()))["exhibit"]}
                numbers[name] = {**numbers.get(name, none), "value": value}
        (reports / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
        manifest = json.loads((reports / "manifest.json").read_text(encoding="utf-8"))
        seal(reports, manifest["pages"], manifest["exhibits"])
        return compose(read_edition(own_root / "reports", language))

    return composed


@pytest.fixture(scope="module", params=LANGUAGES)
def documents(request: pytest.FixtureRequest, published_root: Path) -> dict[str, Report]:
    """Report and annex of each language."""
    return compose(read_edition(published_root / "reports", request.param))


@pytest.fixture(scope="module", params=DOCUMENTS)
def report(request: pytest.FixtureRequest, documents: dict[str, Report]) -> Report:
    """Each document of each language."""
    return documents[request.param]

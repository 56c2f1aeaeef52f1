"""What is published with its manifest, read from `reports/` alone, refused where they differ."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256
from bsup_analysis.pipeline.manifest import MANIFEST, read_manifest

NUMBERS = "numbers.json"


@dataclass(frozen=True)
class Published:
    """Numbers by id (value, unit, exhibit), and the manifest that says how they were made."""

    reports: Path
    numbers: Mapping[str, Mapping[str, Any]]
    manifest: Mapping[str, Any]

    @property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Where each table comes from, by path."""
        return self.manifest["tables"]

    def refuse_changed(self, name: str) -> None:
        """Refuse a published file that is gone or is no longer the one in the manifest.

        Raises
        ------
        InputError
            With the file and what to do.
        """
        path, was = self.reports / name, self.manifest["files"].get(name)
        if was is None or not path.is_file():
            raise InputError(f"reports/{name} is missing; run `bsup report`.")
        if sha256(path) != was:
            raise InputError(
                f"reports/{name} is not the file that was published; run `bsup report`."
            )


def read_published(reports: Path) -> Published:
    """Read numbers and manifest.

    Raises
    ------
    InputError
        Nothing has been published, or the numbers are not those of the manifest.
    """
    manifest = read_manifest(reports)
    if not manifest:
        raise InputError(
            f"nothing has been published here: there is no {reports.name}/{MANIFEST}; run `bsup"
            " report`."
        )
    if "tables" not in manifest:
        raise InputError(
            f"{reports.name}/{MANIFEST} is of an earlier version and does not say where tables"
            " come from; run `bsup report`."
        )
    published = Published(reports, {}, manifest)
    published.refuse_changed(NUMBERS)
    numbers = json.loads((reports / NUMBERS).read_text(encoding="utf-8"))
    return Published(reports, numbers, manifest)

"""The reference of the imports, and the real rows of p. 14 as files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from bsup_analysis.municipal_import.importing import ImportResult, import_file
from bsup_analysis.municipal_import.municipalities import Reference, reference
from bsup_analysis.tables.sources import read_source


@pytest.fixture(scope="session")
def against() -> Reference:
    return reference()


@pytest.fixture(scope="session")
def p14() -> pd.DataFrame:
    """The 17 rows of document p. 14, long: code, name, year, loans, amount in NOK."""
    table = read_source("programme_p14_start_loans").query("row_kind == 'municipality'")
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "code": table["municipality_code"],
                    "name": table["municipality_name"],
                    "year": year,
                    "loans": table[f"loans_{year}"],
                    "nok": table[f"amount_nok_{year}"],
                }
            )
            for year in (2009, 2010)
        ],
        ignore_index=True,
    )


Imported = Callable[..., ImportResult]


@pytest.fixture
def imported(tmp_path: Path, against: Reference) -> Imported:
    """Import text or bytes as a file, dry unless asked otherwise; rows always add up."""

    def run(
        content: str | bytes | Sequence[str], name: str = "file.csv", **options
    ) -> ImportResult:
        if not isinstance(content, str | bytes):
            content = "\n".join(content) + "\n"
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        result = import_file(path, against, **({"dry_run": True} | options))
        assert result.rows_in == result.rows_used + len(result.set_aside)
        assert result.set_aside["row"].is_unique
        assert result.set_aside["reason"].str.len().gt(0).all()
        return result

    return run

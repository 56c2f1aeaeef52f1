"""Make the raw tables of the labour market and of immigrants from the files they were read in.

The files are those of the public repository gardenberg/imdikator-munch at commit 101c082: what
Statistics Norway delivered to IMDi, summed over municipalities.

    git clone https://github.com/gardenberg/imdikator-munch
    git -C imdikator-munch checkout 101c082
    python tools/imdikator_tables.py imdikator-munch data/raw

gives the bytes that data/raw/ has; the records beside the tables say what is inferred about them.
"""

import argparse
from pathlib import Path

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.tables.strict_csv import to_csv

REGION = ("15", "16", "17")  # Møre og Romsdal, Sør-Trøndelag, Nord-Trøndelag
COUNTRY = "0000"
LABOUR_MARKET = {
    "employed": "sysselsatte_innvkat-kommune-2006_2014",
    "unemployed_or_on_measures": "arbledige_innvkat_land-kommune-2006_2014",
}
IMMIGRANT_YEARS = range(2006, 2016)
REASONS = {
    "": "population",
    "alle": "immigrants",
    "flukt": "immigrants_refuge",
    "familie": "immigrants_family",
    "arbeid": "immigrants_work",
    "annet": "immigrants_other",
    "uoppgitt": "immigrants_reason_unknown",
}


def _read(path: Path, separator: str) -> pd.DataFrame:
    """Read one of the files as text, with the whole population and persons alone kept."""
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"there is no {path}; give a checkout of gardenberg/imdikator-munch at 101c082."
        ) from None
    everyone = table["enhet"].isin(["person", "personer"])
    for column in table.columns.intersection(["innvkat_3", "vreg_3", "kjonn"]):
        everyone &= table[column] == "alle"
    kept = table[everyone].rename(columns={"aar": "year", "tabellvariabel": "value"})
    return kept.assign(year=kept["year"].astype(int), value=kept["value"].astype(int))


def labour_market(checkout: Path) -> pd.DataFrame:
    """Give `municipality_code` (0000: the country), `year` and the two counts."""
    folder = checkout / "data_flat_output"
    table = pd.concat(
        _read(folder / f"{file}.csv", ",").assign(name=name) for name, file in LABOUR_MARKET.items()
    ).rename(columns={"kommune_nr": "municipality_code"})
    wide = table.pivot(index=["municipality_code", "year"], columns="name", values="value")
    return wide[list(LABOUR_MARKET)].sort_index().reset_index()


def by_reason(checkout: Path, area: str) -> pd.DataFrame:
    """Give population and immigrants by reason; `area` is K (municipalities) or L (country)."""
    files = [
        _read(checkout / "data_flat_input" / f"befolkning_innvandringsgrunn_{area}_{year}.csv", ";")
        for year in IMMIGRANT_YEARS
    ]
    code = "kommune_id" if area == "K" else "fylke_id"
    table = pd.concat(files).rename(columns={code: "municipality_code"})
    table["reason"] = table["innvgrunn_6"].str.strip().map(REASONS)
    wide = table.pivot(index=["municipality_code", "year"], columns="reason", values="value")
    return wide[list(REASONS.values())].sort_index().reset_index()


def tables(checkout: Path) -> dict[str, pd.DataFrame]:
    """Give the three raw tables by name."""
    labour, persons = labour_market(checkout), by_reason(checkout, "K")
    country = by_reason(checkout, "L")[["year", "population"]].merge(
        labour[labour["municipality_code"] == COUNTRY].drop(columns="municipality_code"), on="year"
    )
    return {
        "labour_market": labour[labour["municipality_code"].str.startswith(REGION)],
        "labour_market_norway": country,
        "immigrants_by_reason": persons[persons["municipality_code"].str.startswith(REGION)],
    }


def main() -> None:
    """Write the tables from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="a checkout of gardenberg/imdikator-munch")
    parser.add_argument("folder", type=Path, help="where the tables are written, data/raw")
    given = parser.parse_args()
    try:
        made = {name: to_csv(table) for name, table in tables(given.checkout).items()}
    except InputError as error:
        raise SystemExit(f"imdikator_tables: {error}") from None
    for name, text in made.items():
        write_aside(given.folder / f"{name}.csv", text)


if __name__ == "__main__":
    main()

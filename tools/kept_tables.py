"""Make the raw tables of population, centrality and points from the copies they were read in.

    python tools/kept_tables.py FOLDER data/raw

gives the bytes that data/raw/ has, where FOLDER holds the three copies that the records name.
"""

import argparse
from pathlib import Path

import pandas as pd

from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.tables.strict_csv import to_csv

COPIES = {
    "ssb_population": "ssb_07459_population_region_2005_2014.csv",
    "ssb_centrality_2008": "ssb_centrality_2008_region.csv",
    "municipality_points_2009": "municipality_centres_2009.csv",
}
# The copy of the population has no name for the two municipalities that merged in 2006.
UNNAMED = {"1569": "Aure", "1572": "Tustna"}
CENTRALITY_COLUMNS = {
    "Kommunenr": "municipality_code",
    "Kommunenavn": "municipality_name",
    "Fylkenr": "county_code",
    "Næringsregionnr": "economic_region_code",
    "Næringsregion_ navn": "economic_region_name",
    "Sentralitet_nr_2008": "centrality_level_2008",
    "Sentralitet_kat_2008": "centrality_label_nb",
}


def kept_tables(folder: Path) -> dict[str, str]:
    """Return the bytes of each raw table, as text, by its name.

    Raises
    ------
    InputError
        A copy is not in the folder.
    """
    made = {}
    for name, copy in COPIES.items():
        path = folder / copy
        if not path.is_file():
            raise InputError(f"there is no {path}; give the folder that holds {copy}.")
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        if name == "ssb_centrality_2008":
            table = table.rename(columns=CENTRALITY_COLUMNS)[[*CENTRALITY_COLUMNS.values()]]
        names = table["municipality_name"].where(
            table["municipality_name"] != "", table["municipality_code"].map(UNNAMED)
        )
        table["municipality_name"] = names.str.replace(r" \(.*\)$", "", regex=True)
        keys = [key for key in ("municipality_code", "year") if key in table.columns]
        made[name] = to_csv(table.sort_values(keys, kind="stable"))
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    for name, text in kept_tables(given.folder).items():
        write_aside(given.target / f"{name}.csv", text)

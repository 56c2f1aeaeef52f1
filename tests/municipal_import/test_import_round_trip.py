"""The real rows of document p. 14, exported in many forms, import to one and the same table."""

import io
from collections.abc import Callable

import pandas as pd
import pytest

from bsup_analysis.municipal_import.importing import ImportResult
from bsup_analysis.municipal_import.municipalities import Reference
from bsup_analysis.tables.sources import read_source

Imported = Callable[..., ImportResult]


def csv(table: pd.DataFrame, encoding: str = "utf-8", **options: object) -> bytes:
    return table.to_csv(index=False, **options).encode(encoding)


def plain(p14: pd.DataFrame) -> bytes:
    return csv(p14.rename(columns={"nok": "amount_nok", "code": "municipality_code"}))


def norwegian_latin_1(p14: pd.DataFrame) -> bytes:
    heads = dict(zip(p14, ["Kommunenr", "Kommune", "År", "Antall lån", "Beløp (kr)"], strict=True))
    return csv(p14.rename(columns=heads), "latin-1", sep=";")


def thousand_blanks_with_mark(p14: pd.DataFrame) -> bytes:
    spaced = [f"{n:,}".replace(",", "\N{NO-BREAK SPACE}") for n in p14["nok"]]
    table = pd.DataFrame(
        {
            "Kommune": p14["name"],
            "År": p14["year"],
            "Antall": p14["loans"],
            "Beløp i kroner": spaced,
        }
    )
    return csv(table, "utf-8-sig", sep=";")


def thousands_of_nok_decimal_comma(p14: pd.DataFrame) -> bytes:
    thousands = [f"{n // 1000},{n % 1000:03d}" for n in p14["nok"]]
    table = pd.DataFrame(
        {
            "Region": p14["code"] + " " + p14["name"],
            "Aar": p14["year"],
            "Tal på lån": p14["loans"],
            "Beløp (1 000 kr)": thousands,
        }
    )
    return csv(table, "cp1252", sep="\t")


def english_thousands(p14: pd.DataFrame) -> bytes:
    table = pd.DataFrame(
        {
            "Municipality": p14["name"].str.upper(),
            "Year": p14["year"],
            "Number of loans": [f"{n:.1f}" for n in p14["loans"]],
            "Amount (NOK)": [f"{n:,}.00" for n in p14["nok"]],
        }
    )
    return csv(table)


def wide(p14: pd.DataFrame) -> pd.DataFrame:
    table = p14.pivot(index=["code", "name"], columns="year", values=["loans", "nok"])
    names = {"loans": "Antall", "nok": "Beløp kr"}
    table.columns = [f"{names[quantity]} {year}" for quantity, year in table.columns]
    return table.reset_index().rename(columns={"code": "Kommunenr", "name": "Kommunenavn"})


def wide_csv_with_title(p14: pd.DataFrame) -> bytes:
    title = "Startlån i region Midt-Norge;;;;;\n\n"
    return title.encode() + csv(wide(p14), sep=";") + b"Kilde: Husbanken;;;;;\n"


def wide_excel(p14: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    wide(p14).to_excel(stream, index=False)
    return stream.getvalue()


def excel_with_merged_heads(p14: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    table = wide(p14)
    with pd.ExcelWriter(stream, engine="openpyxl") as writer:
        table.to_excel(writer, index=False, header=False, startrow=3, sheet_name="Startlån")
        sheet = writer.sheets["Startlån"]
        sheet["A1"] = "Region Midt-Norge"
        for column, text in (
            ("A", "Kommunenr"),
            ("B", "Kommune"),
            ("C", "Antall"),
            ("E", "Beløp i kr"),
        ):
            sheet[f"{column}2"] = text
        sheet.merge_cells("A1:F1")
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("C2:D2")
        sheet.merge_cells("E2:F2")
        for column, year in zip("CDEF", (2009, 2010, 2009, 2010), strict=True):
            sheet[f"{column}3"] = year
    return stream.getvalue()


def excel_numbers_as_codes(p14: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    heads = ["knr", "navn", "årstall", "lån", "NOK"]
    p14.assign(code=p14["code"].astype(int)).set_axis(heads, axis=1).to_excel(stream, index=False)
    return stream.getvalue()


def parquet(p14: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    p14.assign(nok=p14["nok"] / 1e6).rename(
        columns={"code": "kommunenummer", "nok": "mill. kr"}
    ).to_parquet(stream)
    return stream.getvalue()


def quantity_in_rows(p14: pd.DataFrame) -> bytes:
    parts = [
        pd.DataFrame(
            {
                "region": "K-" + p14["code"],
                "statistikkvariabel": text,
                "tid": p14["year"],
                "value": p14[column],
            }
        )
        for text, column in (("Startlån (antall)", "loans"), ("Startlån, beløp (kr)", "nok"))
    ]
    return csv(pd.concat(parts), sep=";", quoting=1)


def codes_of_2018(p14: pd.DataFrame) -> bytes:
    later = read_source("municipality_codes_later").query("kind == 'renumbering'")
    code = later.set_index("predecessor_code")["successor_code"].to_dict()
    table = p14.assign(code=[code.get(c, c) for c in p14["code"]])
    table = table[["code", "year", "loans", "nok"]]
    return csv(table.set_axis(["kommunenr", "år", "antall", "beløp kroner"], axis=1), sep="|")


def utf_16_from_excel(p14: pd.DataFrame) -> bytes:
    return csv(p14.set_axis(["kode", "navn", "år", "antall", "kr"], axis=1), "utf-16", sep="\t")


FORMS = {
    plain: "csv",
    norwegian_latin_1: "csv",
    thousand_blanks_with_mark: "csv",
    thousands_of_nok_decimal_comma: "txt",
    english_thousands: "csv",
    wide_csv_with_title: "csv",
    wide_excel: "xlsx",
    excel_with_merged_heads: "xlsx",
    excel_numbers_as_codes: "xlsx",
    parquet: "parquet",
    quantity_in_rows: "csv",
    codes_of_2018: "csv",
    utf_16_from_excel: "txt",
}


@pytest.fixture(scope="session")
def expected(p14: pd.DataFrame, against: Reference) -> pd.DataFrame:
    """The table, straight from the rows of p. 14."""
    grid = pd.MultiIndex.from_product(
        [sorted(against.units), (2009, 2010)], names=["municipality_code", "year"]
    )
    known = p14.set_index(["code", "year"])[["loans", "nok"]].astype("Int64").reindex(grid)
    return pd.DataFrame(
        {
            "loans": known["loans"],
            "loans_low": known["loans"],
            "loans_high": known["loans"],
            "amount_nok": known["nok"],
        }
    ).reset_index()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_same_table(
    form: Callable[[pd.DataFrame], bytes],
    p14: pd.DataFrame,
    expected: pd.DataFrame,
    imported: Imported,
) -> None:
    codes_of = 2018 if form is codes_of_2018 else None
    result = imported(form(p14), f"startlån.{FORMS[form]}", codes_of=codes_of)
    columns = list(expected)
    assert result.table[columns].astype(object).equals(expected.astype(object))
    assert set(result.table["definition"]) == {"loans"}
    assert result.definition == "loans"
    assert result.deviations.empty
    # 17 x 2 x 2 rows of p. 14, its four sums, and the press on Stjørdal in 2010
    assert (result.comparison["status"] == "agrees").sum() == 74


def test_titles_and_footnotes_are_listed(p14: pd.DataFrame, imported: Imported) -> None:
    aside = imported(wide_csv_with_title(p14)).set_aside
    assert aside["row"].tolist() == [1, 21]
    assert aside["reason"].tolist() == ["above the header", "no municipality, no number"]

"""What the import is unsure of ends in a question, and the advice of a question works when typed.

Each file is small and stands for a kind.  `ANSWERED` are files that ask: what is typed is what
the messages advise, one question after the other.  `READ` are files that are clear as they stand.
"""

import io
import re
import shlex
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from bsup_analysis import cli
from bsup_analysis.errors import InputError
from bsup_analysis.municipal_import import municipalities
from bsup_analysis.municipal_import.cells import option
from bsup_analysis.municipal_import.importing import import_file
from bsup_analysis.municipal_import.municipalities import Reference, county_of, is_area

HEAD = "Kommunenr;År;Antall"
NAMED = "Kommune;År;Antall"
# options as the sentences write them: bare, or in quotation marks
ADVICE = re.compile(r"""--[a-z-]+ (?:"[^"]*"|'[^']*'|[^\s;]+)""")


@pytest.fixture(autouse=True)
def _reference_read_once(against: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(municipalities, "reference", lambda: against)


def advice(sentence: str) -> list[str]:
    """The options that a sentence advises, each as it would be typed."""
    return [re.sub(r"[.,;]+$", "", found) for found in ADVICE.findall(sentence)]


def write(folder: Path, content: bytes | str | Sequence[str], name: str = "f.csv") -> Path:
    path = folder / name
    if not isinstance(content, bytes):
        text = content if isinstance(content, str) else "\n".join(content) + "\n"
        content = text.encode()
    path.write_bytes(content)
    return path


def typed(path: Path, *arguments: str) -> str:
    """Type `bsup import FILE --dry-run ...`; give the sentence it ends with, empty where it reads.

    What is advised is given to a shell's own parser, so that its quotation marks are tried too.
    """
    words = shlex.split(" ".join(arguments))
    result = CliRunner().invoke(cli.app, ["import", str(path), "--dry-run", *words])
    if result.exit_code == 0:
        return ""
    assert isinstance(result.exception, InputError), (arguments, result.output, result.exception)
    return str(result.exception)


Known = dict[tuple[str, int], list[int | None]]


def known(path: Path, against: Reference, **options: object) -> Known:
    """What a file holds: loans and NOK by municipality and year."""
    table = import_file(path, against, dry_run=True, **options).table
    rows = table.dropna(subset=["loans", "amount_nok"], how="all")
    return {
        (row["municipality_code"], row["year"]): [
            None if pd.isna(row[name]) else int(row[name]) for name in ("loans", "amount_nok")
        ]
        for row in rows.to_dict("records")
    }


def one(label: str, head: str = NAMED, loans: int = 3) -> list[str]:
    return [head, f"{label};2011;{loans}", "1702 Steinkjer;2011;50"]


def book(
    rows: Sequence[Sequence[object]], form: str = "", name: str = "Lån", hidden: bool = False
) -> bytes:
    """A workbook of one sheet; `form` is the number format of its numbers in the last column."""
    stream, made = io.BytesIO(), openpyxl.Workbook()
    sheet = made.active
    sheet.title = name
    for row in rows:
        sheet.append(list(row))
    for row in sheet.iter_rows(min_row=2, min_col=len(rows[0])):
        if form:
            row[0].number_format = form
    if hidden:
        other = made.create_sheet("Skjult")
        other.append(["x", 1])
        other.sheet_state = "hidden"
    made.save(stream)
    return stream.getvalue()


def with_error(error: str) -> bytes:
    """A workbook with an error where the loans of Steinkjer stand."""
    stream = io.BytesIO()
    content = book([["Kommunenr", "År", "Antall"], ["1601", 2011, 260], ["1702", 2011, 987]])
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            if part.endswith("sheet1.xml"):
                data = re.sub(
                    rb'(<c r="C3"[^>]*?) t="n"([^>]*)><v>987</v>',
                    rb'\1 t="e"\2><v>' + error.encode() + b"</v>",
                    data,
                )
                assert error.encode() in data
            new.writestr(part, data)
    return stream.getvalue()


AMOUNTS = [["Kommunenr", "År", "Antall", "Beløp (1000 kr)"], ["1601", 2011, 260, 150_000_000]]
PLACED = {("1601", 2011): [260, 150_000_000]}


# --- read as they stand ------------------------------------------------------------------------

READ = {
    "one name in two counties": (
        ["Fylke;Kommune;År;Antall", "Vestfold;Sande;2011;12", "Møre og Romsdal;Sande;2011;3"],
        {("1514", 2011): [3, None]},
    ),
    "the county by number": (
        ["Fylkesnr;Kommune;År;Antall", "18;Herøy;2011;6", "15;Herøy;2011;4"],
        {("1515", 2011): [4, None]},
    ),
    "the county of today": (
        [
            "Fylke;Kommune;År;Antall",
            "Vestfold og Telemark;Sande;2011;2",
            "Trøndelag - Trööndelage;Trondheim;2011;260",
        ],
        {("1601", 2011): [260, None]},
    ),
    "counties in brackets": (
        [
            NAMED,
            "Herøy (Nordl.);2011;6",
            "Herøy (M. og R.);2011;4",
            "Bø (Telemark);2011;1",
            "Våler [Viken];2011;1",
            "Os (Innlandet);2011;1",
            "Nes (Busk.);2011;1",
        ],
        {("1515", 2011): [4, None]},
    ),
    "words in brackets beside a code": (
        [NAMED, "1638 Orkdal (utgått);2009;7", "1505 Kristiansund (ny);2009;75"],
        {("1638", 2009): [7, None], ("1505", 2009): [75, None]},
    ),
    "what is said behind a name": (
        [
            NAMED,
            "Sande i Vestfold;2011;12",
            "Sande, Møre og Romsdal;2011;3",
            "Herøy - Nordland;2011;6",
            "Herøy M&R;2011;4",
            "Trondheim by*;2011;260",
            "Steinkjer 1702;2011;50",
            "Røros (1640);2011;8",
            "Ørsta\N{SUPERSCRIPT ONE};2011;13",
            "Snåsa/Snåase;2011;2",
        ],
        {
            ("1514", 2011): [3, None],
            ("1515", 2011): [4, None],
            ("1601", 2011): [260, None],
            ("1702", 2011): [50, None],
            ("1640", 2011): [8, None],
            ("1520", 2011): [13, None],
            ("1736", 2011): [2, None],
        },
    ),
    "areas of KOSTRA": (
        [
            "region;Antall boliger godkjent 2011",
            "EAK Landet;9000",
            "EAKUO Landet uten Oslo;8000",
            "EKA16 Sør-Trøndelag;500",
            "EKG13 Kostragruppe 13;700",
            "KOSTRA-gruppe 7;1",
            "K-gruppe 13;1",
            "EAFK15 Møre og Romsdal;500",
            "Landsgjennomsnitt;25",
            "Gjennomsnitt kostragruppe 13;30",
            "Landet u/Oslo;8000",
            "Ufordelt;4",
            "Totalsum;9000",
            "9999 Uoppgitt;3",
            "0 Hele landet;9000",
            "16 Sør-Trøndelag;500",
            "1601 Trondheim (-2017);260",
        ],
        {("1601", 2011): [260, None]},
    ),
    "sums": (
        [
            NAMED,
            "Sum Sør-Trøndelag;2011;400",
            "Nord-Trøndelag i alt;2011;1",
            "Totalt;2011;1",
            "Øvrige 68 kommuner;2011;1",
            "Uoppgitt kommune;2011;1",
            "Trondheim;2011;260",
        ],
        {("1601", 2011): [260, None]},
    ),
    "a # in quotation marks": (
        [HEAD + ";Merknad", '1601;2011;260;"se note', '# 3, rettet"', "1702;2011;50;"],
        {("1601", 2011): [260, None], ("1702", 2011): [50, None]},
    ),
    "a note that begins with #": (
        ["# laget for hånd", HEAD, "# to kommuner;;", "1601;2011;260"],
        {("1601", 2011): [260, None]},
    ),
    "the separator named, as Excel does": (
        ["sep=;", HEAD, "1601;2011;260"],
        {("1601", 2011): [260, None]},
    ),
    "another quantity beside loans": (
        [HEAD + ";Antall avslag;Lån per 1000 innbyggere", "1601;2011;260;90;1,5"],
        {("1601", 2011): [260, None]},
    ),
    "two rows of headers": (
        [
            "Kommunenr;Antall;;Beløp (kr);",
            ";2009;2010;2009;2010",
            "1601;225;295;134258616;206848920",
        ],
        {("1601", 2009): [225, 134_258_616], ("1601", 2010): [295, 206_848_920]},
    ),
    "years called years": (
        ["Kommune;Antall år 2009;Antall året 2010", "Trondheim;225;295"],
        {("1601", 2009): [225, None], ("1601", 2010): [295, None]},
    ),
    **{
        f"a unit written otherwise: {header}": (
            [f"Kommunenr;År;{header}", f"1601;2011;{amount}"],
            {("1601", 2011): [None, 150_000_000]},
        )
        for header, amount in (
            ("Beløp 1000kr", 150_000),
            ("Beløp (kkr)", 150_000),
            ("Beløp ('000 kr)", 150_000),
            ("Beløp i tus. kr", 150_000),
            ("Beløp T.kr", 150_000),
            ("Beløp (mkr)", 150),
        )
    },
    "a unit a year": (
        ["Kommunenr;Beløp (1000 kr) 2009;Beløp (kr) 2010", "1601;134259;206848920"],
        {("1601", 2009): [None, 134_259_000], ("1601", 2010): [None, 206_848_920]},
    ),
    "a header that begins with #": (
        ["#Kommunenr;År;Antall", "1601;2011;260"],
        {("1601", 2011): [260, None]},
    ),
    "letters of two signs": (
        unicodedata.normalize("NFD", "Kommune;År;Antall\nÅlesund;2011;3\n"),
        {("1504", 2011): [3, None]},
    ),
    "a date in a file's name": ([HEAD, "1601;2011;260"], {("1601", 2011): [260, None]}),
    "a total beside years": (
        ["Kommune;Antall 2009;Antall 2010;Sum", "Trondheim;225;295;520"],
        {("1601", 2009): [225, None], ("1601", 2010): [295, None]},
    ),
    "a count with blanks for thousands": (
        [HEAD, "1601;2011;1\N{NO-BREAK SPACE}234"],
        {("1601", 2011): [1234, None]},
    ),
    "a title of years": (
        ["Startlån 2009-2012, 01.01.2009-31.12.2012;;", HEAD, "1601;2011;260"],
        {("1601", 2011): [260, None]},
    ),
    "strict": (
        book([["Kommunenr", "År", "Antall"], ["1601", 2011, 260]]),
        {("1601", 2011): [260, None]},
    ),
}


@pytest.mark.parametrize("case", READ)
def test_what_is_clear_is_read(case: str, tmp_path: Path, against: Reference) -> None:
    content, expected = READ[case]
    if case == "strict":
        content = strict(content)
    name = "startlan_2012-03-15.csv" if case == "a date in a file's name" else "f.csv"
    assert known(write(tmp_path, content, name), against) == expected


def strict(content: bytes) -> bytes:
    """A workbook in the namespaces of the strict form of the standard."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for part in old.namelist():
            data = old.read(part)
            for name, own in (
                (b"spreadsheetml/2006/main", b"spreadsheetml/main"),
                (b"officeDocument/2006/relationships", b"officeDocument/relationships"),
            ):
                data = data.replace(
                    b"http://schemas.openxmlformats.org/" + name,
                    b"http://purl.oclc.org/ooxml/" + own,
                )
            new.writestr(part, data)
    return stream.getvalue()


# --- asked about -------------------------------------------------------------------------------

# a file, what its first question names, and what stands in the table once every advice is typed
ANSWERED = {
    "a namesake": (one("Sande"), "Sande", {("1514", 2011): [3, None]}),
    "a namesake, kommune": (one("HERØY KOMMUNE"), "HERØY", {("1515", 2011): [3, None]}),
    "a word in brackets": (
        [NAMED, "Orkdal (utgått);2009;7", "Kristiansund (ny);2009;75"],
        "utgått",
        {("1638", 2009): [7, None], ("1505", 2009): [75, None]},
    ),
    "a digit in brackets, county or footnote": (
        [NAMED, "Trondheim (1);2011;260"],
        "'1' beside",
        {("1601", 2011): [260, None]},
    ),
    "a word that ends with a full stop": (
        [NAMED, "Trondheim (gml.);2011;260"],
        '--accept "gml."',
        {("1601", 2011): [260, None]},
    ),
    "a place behind a namesake": (one("Herøy i Havet"), "Havet", {("1515", 2011): [3, None]}),
    "a county not known": (
        ["Fylke;Kommunenr;År;Antall", "Midtfylket;1601;2011;260"],
        "Midtfylket",
        {("1601", 2011): [260, None]},
    ),
    "a name beside a code": (one("1601 Bergen"), "Bergen", {("1601", 2011): [3, None]}),
    "the year starred": (
        ["Kommunenr;2009;2010*", "1601;225;295"],
        "--map loans=years",
        {("1601", 2009): [225, None], ("1601", 2010): [295, None]},
    ),
    **{
        f"the year marked {mark}": (
            [f"Kommunenr;Antall 2009;Antall {mark}", "1601;225;295"],
            mark,
            {("1601", 2009): [225, None], ("1601", 2010): [295, None]},
        )
        for mark in (
            "2010p",
            "2010 (foreløpig)",
            "2010 1)",
            "2010¹",
            "2010 **",
            "2010 foreløpige tall",
            "2010 – foreløpige",
            "2010 (prov.)",
            "2010+",
            "*2010",
            "2010x",
            "2010 (ikke endelig)",
            "2010 a)",
            "per 2010",
            "pr. 2010",
            "Regnskap 2010",
            "2010 (jan.–des.)",
        )
    },
    "a year of a row marked": (
        [HEAD, "1601;2011 (p);260"],
        "2011 (p)",
        {("1601", 2011): [260, None]},
    ),
    "three decimals": (
        ["kommunenr;aar;antall", "1601;2011;260.000", "1702;2011;50.000"],
        "260.000",
        {("1601", 2011): [260, None], ("1702", 2011): [50, None]},
    ),
    "three decimals behind a comma, beside NOK": (
        [HEAD + ";Beløp kr", "1601;2011;260,000;150,000,000"],
        "260,000",
        {("1601", 2011): [260, 150_000_000]},
    ),
    "thousands of NOK": ([HEAD + ";Beløp i 1000 kr", "1601;2011;2;1.234"], "1.234", None),
    "no unit": ([HEAD + ";Beløp", "1601;2011;260;150000000"], "Beløp", PLACED),
    "two units": (
        [HEAD + ";Beløp kr;Beløp (1000 kr)", "1601;2011;260;150000000;150000"],
        "more than one unit",
        PLACED,
    ),
    "a title of another unit": (
        ["Tall i 1000 kr;;;", HEAD + ";Beløp (kr)", "1601;2011;260;150000000"],
        "1000 kr",
        PLACED,
    ),
    "years twice": (
        ["Kommunenr;2009;2010;2009;2010", "1601;225;295;134258616;206848920"],
        "#2,#3",
        {("1601", 2009): [225, 134_258_616], ("1601", 2010): [295, 206_848_920]},
    ),
    "a column twice": (
        ["Kommunenr;År;Antall;Antall", "1601;2011;260;9"],
        "#3",
        {("1601", 2011): [260, None]},
    ),
    "one year twice": (
        ["Kommunenr;Antall 2010;Antall 2011;Antall 2011", "1601;295;260;9"],
        "#2,#3",
        {("1601", 2010): [295, None], ("1601", 2011): [260, None]},
    ),
    "years twice over": (
        ["Kommunenr;År;Antall 2011", "1601;2011;260"],
        "leave one",
        {("1601", 2011): [260, None]},
    ),
    "years three times": (
        ["Kommunenr;2009;2010;2009;2010;2009;2010", "1601;225;295;134258616;206848920;1;2"],
        "#2,#3",
        {("1601", 2009): [225, 134_258_616], ("1601", 2010): [295, 206_848_920]},
    ),
    "one year without a quantity": (
        ["Kommunenr;Antall 2009;2010", "1601;225;295"],
        "loans=2010",
        {("1601", 2009): [225, None], ("1601", 2010): [295, None]},
    ),
    **{
        f"a unit written otherwise: {header}": (
            [f"Kommunenr;År;{header}", f"1601;2011;{amount}"],
            "amount_1000_nok",
            {("1601", 2011): [None, 150_000_000]},
        )
        for header, amount in (
            ("Lånebeløp (kr 1000)", 150_000),
            ("Lånesum", 150_000_000),
            ("Utlån", 150_000_000),
            ("Startlån (mill. 2011-kroner)", 150),
            ("Beløp (tusenlapper)", 150_000),
        )
    },
    "amounts of fixed prices": (
        ["Kommunenr;År;Beløp (kr) 2009-priser", "1601;2011;150000000"],
        "something else",
        {("1601", 2011): [None, 150_000_000]},
    ),
    "a column of numbers called #": (
        ["#;Kommunenr;År;Antall", "1;1601;2011;260"],
        '"#"',
        {("1601", 2011): [260, None]},
    ),
    "a column not understood": (
        [HEAD + ";Farge", "1601;2011;260;rød"],
        "Farge",
        {("1601", 2011): [260, None]},
    ),
    "one of purposes": (
        ["Kommunenr;Formål;År;Antall", "1601;Kjøp;2011;260"],
        "Formål",
        {("1601", 2011): [260, None]},
    ),
    "an amount by another word": (
        [HEAD + ";Lånebeløp", "1601;2011;260;150000000"],
        "amount_nok=Lånebeløp",
        PLACED,
    ),
    "a column without a header": (
        [";" + HEAD, "0;1601;2011;260"],
        "without a header",
        {("1601", 2011): [260, None]},
    ),
    "a header with quotation marks": (
        [HEAD + ';"Om ""lån"" $x"', "1601;2011;260;ja"],
        "Om",
        {("1601", 2011): [260, None]},
    ),
    "no header over the names": (
        [
            "Startlån;;;;",
            ";Antall lån;;Beløp (1 000 kr);",
            ";2011;2012;2011;2012",
            "1601 Trondheim;260;270;150000;160000",
        ],
        "municipality=#1",
        {("1601", 2011): [260, 150_000_000], ("1601", 2012): [270, 160_000_000]},
    ),
    "another header over the names": (
        ["Sted;Antall 2011;Antall 2012", "Trondheim;260;270"],
        "municipality=Sted",
        {("1601", 2011): [260, None], ("1601", 2012): [270, None]},
    ),
    "codes of another year": (
        [HEAD, "5001;2009;225", "5004;2009;41"],
        "--codes-of 2018",
        {("1601", 2009): [225, None], ("1702", 2009): [41, None]},
    ),
    "an area that was divided": (
        [HEAD, "1756;2012;5", "1601;2012;9"],
        "divided",
        {("1601", 2012): [9, None]},
    ),
    "elsewhere": (
        [NAMED, "Bø;2011;1", "Trondheim;2011;260"],
        "--set-aside unknown",
        {("1601", 2011): [260, None]},
    ),
    "a month beside years": (
        ["Kommunenr;Antall 2010;Antall mai 2011", "1601;295;20"],
        "mai",
        {("1601", 2010): [295, None]},
    ),
    "a title against units in rows": (
        [
            "Tall i 1000 kr;;;",
            "region;år;måltall;verdi",
            "1601;2011;Antall lån;260",
            "1601;2011;Beløp (kr);150000000",
        ],
        "Tall i 1000 kr",
        PLACED,
    ),
    "a quantity in rows": (
        ["region;statistikkvariabel;2011", "1601;Antall lån;5", "1601;Kjøretøy;2"],
        "Kjøretøy",
        {("1601", 2011): [5, None]},
    ),
    **{
        f"a title: {title}": (
            [f"{title};;", HEAD, "1601;2011;260"],
            word,
            {("1601", 2011): [260, None]},
        )
        for title, word in (
            ("Søknader om startlån", "søknader"),
            ("Avslag på startlån", "avslag"),
            ("Startlån til refinansiering", "refinansiering"),
            ("Bostøtte", "bostøtte"),
            ("Startlån, januar 2011", "januar"),
            ("Hittil i år", "hittil i år"),
            ("Per 31.5.2011", "per 31."),
            ("Startlån 1. tertial 2011", "tertial"),
            ("Foreløpige tall", "foreløpige"),
            ("Gjennomsnitt", "gjennomsnitt"),
            ("Innvilgede startlån etter formål", "innvilgede"),
            ("Budsjett", "budsjett"),
            ("Startlån akkumulert", "akkumulert"),
            ("Beholdning ved årets slutt", "beholdning"),
            ("Klager på startlån", "klager"),
            ("Tallene er ikke endelige", "ikke endelige"),
            ("I 2009-kroner", "faste kroner"),
            ("8 mnd.", "mnd."),
        )
    },
    "a note below": (
        [HEAD, "1601;2011;260", "* til og med august;;"],
        "august",
        {("1601", 2011): [260, None]},
    ),
    **{
        f"a file called {name}": ([HEAD, "1601;2011;260"], word, {("1601", 2011): [260, None]})
        for name, word in (
            ("avslag 2011", "avslag"),
            ("startlan_1.kvartal_2011", "kvartal"),
            ("startlån-hittil-2011", "hittil"),
            ("foreløpige_tall", "foreløpige"),
        )
    },
    "a sheet called so": (
        book([["Kommunenr", "År", "Antall"], ["1601", 2011, 260]], name="Søknader"),
        "søknader",
        {("1601", 2011): [260, None]},
    ),
    "a hidden sheet": (
        book([["Kommunenr", "År", "Antall"], ["1601", 2011, 260]], name="Årets lån", hidden=True),
        "Årets lån",
        {("1601", 2011): [260, None]},
    ),
    **{
        f"number format {form}": (book(AMOUNTS, form), form[:5], PLACED)
        for form in ("#,##0,", "0,", '#,##0.0,,"M"', "# ##0,", '0"000"', "0%", '#,##0,"k";-#,##0,')
    },
}


def answered(path: Path, wanted: Known | None, against: Reference) -> bool:
    """Type what each question advises until the file is read; tell whether a way is the right one.

    No advice may lead to the question that gave it.
    """
    ways: list[tuple[str, ...]] = [()]
    right = False
    while ways:
        said = ways.pop()
        sentence = typed(path, *said)
        if not sentence:
            result = import_of(path, said, against)
            right = right or wanted is None or result.items() >= wanted.items()
            continue
        found = [one for one in advice(sentence) if one not in said]
        together = re.search(r'--\S+ (?:"[^"]*"|\S*[^\s,]) --', sentence) is not None
        assert not {*advice(sentence)} & {*said}, (said, sentence)
        assert len(said) < 6
        for new in [found] if together else [[one] for one in found]:
            # a column named otherwise is no longer named as before
            named = {one.partition("=")[2] for one in new}
            kept = [one for one in said if one.partition("=")[2] not in named - {""}]
            ways.append((*kept, *new))
    return right


def import_of(path: Path, said: Sequence[str], against: Reference) -> Known:
    options: dict[str, list[str]] = {}
    for flag, value in zip(*[iter(shlex.split(" ".join(said)))] * 2, strict=True):
        options.setdefault(flag.removeprefix("--").replace("-", "_"), []).append(value)
    single = {
        name: options.pop(name)[-1] for name in ("decimal", "sheet", "codes_of") if name in options
    }
    if "codes_of" in single:
        single |= {"codes_of": int(single["codes_of"])}
    mapping = dict(one.split("=", 1) for one in options.pop("map", []))
    return dict(known(path, against, mapping=mapping, **options, **single))


@pytest.mark.parametrize("case", ANSWERED)
def test_every_advice_works_when_typed(case: str, tmp_path: Path, against: Reference) -> None:
    content, word, expected = ANSWERED[case]
    called = case.removeprefix("a file called ")
    name = f"{called}.csv" if called != case else "f.csv"
    path = write(tmp_path, content, name)
    sentence = typed(path)
    assert word in sentence
    assert advice(sentence)
    assert answered(path, expected, against)


# --- refused, whatever is typed ----------------------------------------------------------------

REFUSED = {
    "a month in a column": (
        ["Kommunenr;År;Månedsnummer;Antall", "1601;2011;12;31"],
        "divides the years",
    ),
    "a quarter in a column": (
        ["Kommunenr;År;Kvartal;Antall", "1601;2011;1;31"],
        "divides the years",
    ),
    **{
        f"the year {year}": ([HEAD, f"1601;{year};31"], "is not a year")
        for year in (
            "2011M05",
            "2011K1",
            "2011-05",
            "mai 2011",
            "31.5.2011",
            "2011/12",
            "hittil 2011",
            "1. tertial 2011",
            "2009-2011",
            "20110531",
            "2011-12-31",
            "H1 2011",
        )
    },
    **{
        f"the error {error}": (
            [HEAD, "1601;2011;260", f"1702;2011;{error}"],
            f"row 3: '{error}' is an",
        )
        for error in ("#N/A", "#DIV/0!", "#NAME?", "#REF!", "#VALUE!", "#I/T", "#VERDI!", "#####")
    },
    **{
        f"the error {error} in a workbook": (with_error(error), f"row 3: '{error}' is an error")
        for error in ("#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NAME?", "#SPILL!", "#GETTING_DATA")
    },
    "a date of the count": (["Kommunenr;År;Per dato;Antall", "1601;2011;31.5.2011;9"], "divides"),
    **{
        f"letters spoilt, {name}": (content, words)
        for name, content, words in (
            ("by an old Mac", "Kommune;År;Antall\nØrsta;2011;3\n".encode("mac-roman"), "UTF-8"),
            ("by DOS", "Kommune;År;Antall\nØrsta;2011;3\n".encode("cp865"), "UTF-8"),
            (
                "twice",
                "Kommune;År;Antall\n".encode().decode("cp1252").encode(),
                "'Ã…r' were spoilt",
            ),
            ("for good", "Kommune;\N{REPLACEMENT CHARACTER}r;Antall\n", "were spoilt"),
        )
    },
    "one municipality twice": ([HEAD, "1601;2011;260", "1601;2011;260"], "stands in row 2 already"),
    "quarters below a year": (
        ["Kommunenr;Antall 2011;", ";1. kv.;2. kv.", "1601;20;30"],
        "divides the years",
    ),
    "one quarter below a year": (
        ["Kommunenr;Antall 2011", ";1. kv.", "1601;20"],
        "divides years",
    ),
    "an error for a municipality": ([NAMED, "#REF!;2011;3"], "'#REF!' is an error"),
    "a namesake's footnote is no county": (
        [NAMED, "Sande (2);2011;41", "Sande (7);2011;3"],
        "beside the name is no county",
    ),
    "two counties": (
        ["Fylke;Kommune;År;Antall", "Vestfold;Sande (Møre og Romsdal);2011;3"],
        "two counties",
    ),
    "code against county": (one("1514 Sande (Vestfold)"), "another county"),
    "name against county": (one("Trondheim (Nordland)"), "does not lie in the county"),
    "code against name": (one("1818 Trondheim"), "correct the one that is wrong"),
    "too many loans": ([HEAD, "1601;2011;225 000"], "too many to be right"),
    "a thousandth": (
        ["Kommunenr;År;Beløp (kr)", "1601;2009;134259"],
        "exactly 1,000 times too small",
    ),
    "a million times": (
        ["Kommunenr;År;Beløp (mill. kr)", "1601;2009;134258616"],
        "exactly 1,000,000 times too large",
    ),
    "one row in thousands": (
        ["Kommunenr;År;Beløp (kr)", "1601;2009;134258616", "1702;2009;11178"],
        "Steinkjer 2009 amount_nok: published 11178000, imported 11178, which is exactly 1,000",
    ),
    "an average loan of millions": (
        [HEAD + ";Beløp (1000 kr)", "1601;2011;260;150000000"],
        "a loan on average",
    ),
    "one row's average in thousands": (
        [HEAD + ";Beløp (kr)", "1601;2011;260;150000000", "1702;2011;50;30000"],
        "1702 in 2011 has NOK 600 a loan",
    ),
    "a title and a head": (["Startlån;;", HEAD], "no row of the region"),
    "an XML sheet": (b'<?xml version="1.0"?><Workbook/>', "web page or XML"),
    "only applications": (["Kommunenr;År;Antall søknader", "1601;2011;260"], "something else"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused(case: str, tmp_path: Path) -> None:
    content, words = REFUSED[case]
    path = write(tmp_path, content)
    sentence = typed(path)
    assert words in sentence
    assert "add the rows up, or" not in sentence
    assert "add them up" not in sentence


def archive(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return stream.getvalue()


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(**{"xl/workbook.bin": b"x"}), "binary Excel workbook (xlsb)"),
        (archive(mimetype=b"x", **{"content.xml": b"<x/>"}), "OpenDocument table (ods)"),
        (OLD + "Workbook".encode("utf-16-le"), "old Office file"),
        (OLD + "EncryptedPackage".encode("utf-16-le"), "has a password"),
    ],
)
def test_other_formats_are_named_with_the_way_to_save_them(
    content: bytes, words: str, tmp_path: Path
) -> None:
    sentence = typed(write(tmp_path, content, "f.xlsx"))
    assert words in sentence
    assert ".xlsx" in sentence.removeprefix("f.xlsx")


def test_the_named_unit_error_is_answered_by_the_option_it_names(tmp_path: Path) -> None:
    path = write(tmp_path, ["Kommunenr;År;Beløp (kr)", "1601;2009;134259", "1702;2009;11178"])
    (way,) = advice(typed(path))
    assert way == '--map "amount_1000_nok=Beløp (kr)"'
    assert typed(path, way) == ""


@pytest.mark.parametrize(
    "value", ["Antall", "Beløp (kr)", "#2", 'a "b"', "it's", "$x", "a%b", "x y"]
)
def test_an_option_survives_a_shell(value: str) -> None:
    assert shlex.split(option("--map", value), comments=True) == ["--map", value]


@pytest.mark.parametrize(
    ("text", "county"),
    [
        ("Møre og Romsdal", {"15"}),
        ("M. og R.", {"15"}),
        ("15", {"15"}),
        ("15 Møre og Romsdal", {"15"}),
        ("Sør-Trøndelag fylke", {"16", "50"}),
        ("Trøndelag - Trööndelage", {"16", "17", "50"}),
        ("16", {"16", "50"}),
        ("50", {"16", "17", "50"}),
        ("Vestfold", set()),
        ("07", set()),
        ("7", set()),
        ("Nordl.", set()),
        ("18 Nordland", set()),
        ("Troms og Finnmark - Romsa ja Finnmárku", set()),
        ("Mordor", None),
        ("ny", None),
        ("15 Nordland", None),
        ("99", None),
        ("", None),
        ("N", None),
    ],
)
def test_counties(text: str, county: set[str] | None) -> None:
    assert county_of(text) == county


@pytest.mark.parametrize(
    "label",
    ["Sande", "Sum Trondheim", "Fosen", "1601 Trondheim", "Herøy", "Innherred", "Nes", "5001"],
)
def test_no_municipality_is_an_area(label: str) -> None:
    assert not is_area(label)


# --- the printed rows of p. 14, with one thing wrong -------------------------------------------


def lines(p14: pd.DataFrame, *columns: str) -> list[str]:
    return [";".join(map(str, row)) for row in p14[list(columns)].itertuples(index=False)]


def test_a_title_of_millions_does_not_make_nok_millions(
    tmp_path: Path, against: Reference, p14: pd.DataFrame
) -> None:
    title = "Utbetalt startlån. Regionen i alt: 498 mill. kr i 2009 og 673 mill. kr i 2010;;;"
    rows = [title, "Kommunenr;År;Antall;Beløp", *lines(p14, "code", "year", "loans", "nok")]
    path = write(tmp_path, rows)
    assert '--map "amount_nok=Beløp"' in typed(path) or "--map amount_nok=Beløp" in typed(path)
    right = import_file(path, against, mapping={"amount_nok": "Beløp"}, dry_run=True)
    assert right.deviations.empty
    assert right.table["amount_nok"].sum() == p14["nok"].sum()
    for definition in (None, "loans", "approved_dwellings"):
        with pytest.raises(InputError, match="exactly 1,000,000 times too large: an error of the"):
            import_file(
                path, against, mapping={"amount_million_nok": "Beløp"}, definition=definition
            )


def test_namesakes_elsewhere_are_not_the_regions(
    tmp_path: Path, against: Reference, p14: pd.DataFrame
) -> None:
    county = p14["code"].str[:2].map({"15": "Møre og Romsdal"}).fillna("Trøndelag")
    own = lines(p14.assign(county=county), "county", "name", "year", "loans")
    rows = ["Fylke;Kommune;År;Antall", *own, "Vestfold;Sande;2009;41", "Nordland;Herøy;2010;6"]
    result = import_file(write(tmp_path, rows), against, dry_run=True)
    assert result.rows_used == len(p14)
    assert set(result.set_aside["reason"]) == {"outside the region"}
    assert int(result.table["loans"].sum()) == p14["loans"].sum()
    assert result.deviations.empty


def test_words_in_brackets_do_not_set_priority_municipalities_aside(
    tmp_path: Path, against: Reference, p14: pd.DataFrame
) -> None:
    words = {"1638": " (utgått)", "1505": " (ny)", "1548": " (nå Hustadvika)"}
    named = p14.assign(name=p14["name"] + p14["code"].map(words).fillna(""))
    path = write(tmp_path, ["Kommune;År;Antall", *lines(named, "name", "year", "loans")])
    ways = advice(typed(path))
    assert ways == ["--accept utgått", "--accept ny", '--accept "nå Hustadvika"']
    assert typed(path, *ways) == ""
    accepted = ["utgått", "ny", "nå Hustadvika"]
    result = import_file(path, against, accept=accepted, dry_run=True)
    assert (result.rows_used, result.deviations.empty) == (len(p14), True)


def test_what_was_answered_stands_in_the_record(
    tmp_path: Path, against: Reference, project: Path
) -> None:
    rows = ["Kommunenr;Farge;Antall 2009;Antall 2010*", "1601;rød;225;295"]
    path = write(tmp_path, rows)
    options = {"ignore": ["Farge"], "accept": ["Antall 2010*"]}
    result = import_file(path, against, **options)
    record = result.written[1].read_text(encoding="utf-8")
    assert "Left out: Farge." in record
    assert "Taken to be harmless: Antall 2010*." in record


@pytest.mark.parametrize(
    "text",
    ["2010" + "*" * 5_000 + "x", "2010 " + "foreløpig" * 500, "kvartal" * 20_000, "x" * 300_000],
)
def test_a_long_text_is_read_in_one_go(text: str, tmp_path: Path) -> None:
    # patterns that repeat what repeats itself would not end here
    path = write(tmp_path, [f"{text};;", f"Kommunenr;År;Antall;{text}", f"1601;2011;5;{text}"])
    assert typed(path)

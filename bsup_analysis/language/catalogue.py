"""Every word that is shown, in each language, looked up by key.

The words lie beside the exhibits that use them, in `chapters/<chapter>/words/`, and those of
several rooms here; in each the folders `nb/` and `en/` with one TOML file a family of exhibits: the
key `shares.population.title` is `title` in table `[population]` of `shares.toml`.  Values are put
into `{named}` places by the caller, already formatted by `Numbers`; no template holds a result.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.language.numbers import Numbers

HERE = Path(__file__).parent
CHAPTERS = HERE.parent / "chapters"
LANGUAGES = ("nb", "en")


@cache
def templates(language: str) -> Mapping[str, str]:
    """Read all templates of a language, by dotted key."""
    found: dict[str, str] = {}

    def collect(prefix: str, content: Mapping[str, object]) -> None:
        for key, value in content.items():
            if isinstance(value, dict):
                collect(f"{prefix}.{key}", value)
            else:
                found[f"{prefix}.{key}"] = str(value).strip()

    folders = HERE / language, *sorted(CHAPTERS.glob(f"*/words/{language}"))
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        collect(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def notebook_texts(notebook: str, language: str) -> Path | None:
    """Return the file with the text of a notebook's cells; None for English, which it is in.

    It lies among the words of the notebook's chapter; where it is missing, the pattern of its path
    is returned, which is no file.
    """
    if language == "en":
        return None
    place = f"*/words/{language}/notebooks/{notebook}.toml"
    return next(CHAPTERS.glob(place), CHAPTERS / place)


class Words(Numbers):
    """The words and number formats of one language.

    Parameters
    ----------
    language
        `nb` (Norwegian bokmål) or `en` (English).

    Raises
    ------
    InputError
        The language is not one of the two.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise InputError(f"language {language!r} is not known; it is nb or en.")
        super().__init__(language)

    def __call__(self, key: str, **values: object) -> str:
        """Give the text of a key with values in its named places.

        Raises
        ------
        KeyError
            No such key in the language, or a place is left without a value.
        """
        return templates(self.language)[key].format_map(values)

"""Every word that is shown, in each language, looked up by key.

The words lie beside the exhibits that use them, in `chapters/<chapter>/words/`, and those of
several rooms here; in each the folders `nb/` and `en/` with one TOML file a family of exhibits: the
key `shares.population.title` is `title` in table `[population]` of `shares.toml`.  Values are put
into `{named}` places by the caller, already formatted by `Numbers`; no template holds a result.
"""

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bsup_analysis.errors import InputError
from bsup_analysis.language.numbers import Numbers

HERE = Path(__file__).parent
CHAPTERS = HERE.parent / "chapters"
LANGUAGES = tuple(sorted(path.parent.name for path in HERE.glob("*/language.toml")))
NAMED = 5


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

    for family, path in _families(language).items():
        collect(family, tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _families(language: str) -> Mapping[str, Path]:
    """Find the files of a language's words: those of several rooms, then each chapter's."""
    folders = HERE / language, *sorted(CHAPTERS.glob(f"*/words/{language}"))
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def _file(family: str, language: str) -> str:
    """Name the file of a family; where the language has none, beside the English one."""
    like = _families(language).get(family) or _families("en").get(family) or HERE / "en" / family
    path = like.parent.parent / language / f"{family}.toml"
    return path.relative_to(HERE.parents[1]).as_posix()


@cache
def gaps(language: str) -> tuple[str, ...]:
    """Say what a language lacks beside English or has too much, a sentence a file.

    A text has to have the places of the English one, since the caller fills those.
    """
    if language not in LANGUAGES:
        return (
            f"bsup_analysis/language/{language}/language.toml is missing; copy the folders en there"
            " and in bsup_analysis/chapters/*/words",
        )
    whole, own = templates("en"), templates(language)
    found: dict[str, list[str]] = {}
    for key in sorted({*whole, *own}):
        family, _, name = key.partition(".")
        if key not in own:
            problem = "lacks"
        elif key not in whole:
            problem = "has what English has not:"
        elif _places(own[key]) != _places(whole[key]):
            problem = "has other places in braces than English in"
        else:
            continue
        found.setdefault(f"{_file(family, language)} {problem}", []).append(name)
    files = [f"{start} {_several(names)}" for start, names in found.items()]
    return (*files[:NAMED], *([f"{len(files) - NAMED} more files"] if files[NAMED:] else []))


def _several(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


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
        Such as `nb` (Norwegian bokmål) or `en` (English): a folder of words beside this file.

    Raises
    ------
    InputError
        There is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise InputError(f"language {language!r} is not known; it is {' or '.join(LANGUAGES)}.")
        super().__init__(language)

    def __call__(self, key: str, **values: object) -> str:
        """Give the text of a key with values in its named places.

        Raises
        ------
        InputError
            No such key in the language, or a place is left without a value.
        """
        family, _, name = key.partition(".")
        where = _file(family, self.language)
        if key not in templates(self.language):
            raise InputError(f"{where} has no {name}; write it.")
        try:
            return templates(self.language)[key].format_map(values)
        except KeyError as place:
            raise InputError(f"{where}: {name} shows {place}, which it is not given.") from None

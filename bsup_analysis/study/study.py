"""One notebook's view of the study, which finds everything by name.

Functions that make exhibits or results say by the names of their arguments what they need: a
table (`group_year`), a result made by a function of `bsup_analysis.results`, a parameter of the
notebook (`outcome`), `words` or `design`.  `Study` finds each by name, once, and remembers which
tables and results every exhibit was made from; `bsup trace` rests on it.
"""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

from bsup_analysis import paths, results
from bsup_analysis.design import Design, load_design
from bsup_analysis.errors import InputError
from bsup_analysis.exhibits import Exhibit, Number
from bsup_analysis.exhibits.synthetic import marked
from bsup_analysis.files import write_aside
from bsup_analysis.language import Words
from bsup_analysis.study.shown import Headlines, Opening
from bsup_analysis.study.tables import TABLES, read_demonstration, read_table
from bsup_analysis.tables import to_csv

T = TypeVar("T")


def _plain(value: float) -> float | int:
    """Keep ten significant digits, which every machine computes alike; whole numbers as such."""
    rounded = float(f"{value:.10g}")
    return int(rounded) if rounded.is_integer() else rounded


class Study:
    """One notebook's view of the study.

    Parameters
    ----------
    language
        `nb` or `en`.
    output
        Folder the exhibits are written to; empty: they are shown only.
    parameters
        The notebook's other parameters, by name; each value must be one that `study.toml`
        allows.

    Raises
    ------
    InputError
        An unknown parameter or value, or a refused design.
    """

    def __init__(self, language: str, output: str = "", **parameters: str) -> None:
        self.design: Design = load_design(paths.study_file())
        for name, value in {"language": language, **parameters}.items():
            known = self.design.parameters
            if name not in known:
                raise InputError(f"no parameter {name!r}; there are: {', '.join(sorted(known))}.")
            if not known[name].accepts(value):
                raise InputError(
                    f"{name} is one of {', '.join(known[name].allowed)}, not {value!r}."
                )
        self.words = Words(language)
        self._folder = Path(output) if output else None
        self._values: dict[str, Any] = {
            "words": self.words,
            "design": self.design,
            **parameters,
        }
        self.synthetic = bool(parameters.get("panel"))
        if self.synthetic and parameters.get("level") == "published":
            raise InputError("panel holds a SYNTHETIC table for level = municipal; set both.")
        if self.synthetic:
            self._values["demonstration"] = read_demonstration(parameters["panel"], output)
        self._mark = {"synthetic": True} if self.synthetic else {}
        self._instead = {
            **(results.MUNICIPAL if parameters.get("level") == "municipal" else {}),
            **(results.DEMONSTRATED if self.synthetic else {}),
        }
        # the tables and results behind each value, by name
        self._behind: dict[str, frozenset[str]] = dict.fromkeys(self._values, frozenset())
        self._exhibits: dict[str, dict[str, Any]] = {}
        self._numbers: dict[str, tuple[Number, str]] = {}

    def _find(self, name: str) -> Any:
        """Find a value by name, remembering what is behind it."""
        if name not in self._values:
            if name in TABLES:
                self._values[name] = read_table(name)
                self._behind[name] = frozenset({name})
            elif name in results.RESULTS:
                function = self._instead.get(name, results.RESULTS[name])
                self._values[name], behind = self._call(function)
                self._behind[name] = behind | {name}
            else:
                raise KeyError(f"nothing in the study is called {name!r}")
        return self._values[name]

    def _call(self, function: Callable[..., Any]) -> tuple[Any, frozenset[str]]:
        names = list(inspect.signature(function).parameters)
        arguments = [self._find(name) for name in names]
        return function(*arguments), frozenset().union(*(self._behind[name] for name in names))

    def compute(self, name: str) -> Any:
        """Give a result or a table by name, for exploring."""
        return self._find(name)

    @overload
    def show(self, function: Callable[..., Exhibit]) -> Exhibit: ...

    @overload
    def show(
        self,
        *,
        published: Callable[..., Exhibit] | None = None,
        municipal: Callable[..., Exhibit] | None = None,
    ) -> Exhibit | None: ...

    def show(
        self,
        function: Callable[..., Exhibit] | None = None,
        *,
        published: Callable[..., Exhibit] | None = None,
        municipal: Callable[..., Exhibit] | None = None,
    ) -> Exhibit | None:
        """Make an exhibit, write it where an output folder is set, and return it to be shown.

        Parameters
        ----------
        function
            Makes the exhibit at every level.
        published, municipal
            Make it at one level of data; None: that level has nothing to show here.

        Raises
        ------
        InputError
            A table the exhibit needs is refused.
        """
        function = function or self._at_level(published=published, municipal=municipal)
        if function is None:
            return None
        exhibit, behind = self._call(function)
        if self.synthetic:
            exhibit = marked(exhibit, self.words)
        files = self._write(exhibit)
        self._exhibits[exhibit.id] = {
            "kind": exhibit.kind,
            "title": exhibit.title,
            "caption": exhibit.caption,
            "source": exhibit.source,
            "alternative_text": exhibit.alternative_text,
            "function": f"{function.__module__}.{function.__qualname__}",
            "tables": sorted(behind - set(results.RESULTS)),
            "results": sorted(behind & set(results.RESULTS)),
            "shown": exhibit.shown_cells(),
            "files": files,
            **self._mark,
        }
        for identifier, number in exhibit.numbers.items():
            self._numbers[identifier] = (number, exhibit.id)
        return exhibit

    def _at_level(self, **by_level: T) -> T:
        """Choose by the parameter `level`; the published one where a notebook has none."""
        return by_level[self._values.get("level", "published")]

    def opening(self, chapter: str = "", *, published: str = "", municipal: str = "") -> Opening:
        """Give the heading and the opening words of a chapter (keys in `chapters.toml`)."""
        chapter = chapter or self._at_level(published=published, municipal=municipal)
        title, text = (self.words(f"chapters.{chapter}.{part}") for part in ("title", "text"))
        if not self.synthetic:
            return Opening(title, text)
        title = self.words("synthetic.title", title=title)
        return Opening(title, text, self.words("synthetic.banner"))

    def headlines(self, *identifiers: str) -> Headlines:
        """Give numbers of the exhibits shown so far, for the eye and for nbval to compare.

        Those named, or all of them in the order they came where none is named.  A notebook names
        those of its published level; at another it shows what that has.
        """
        published = self._values.get("level", "published") == "published"
        chosen = identifiers if identifiers and published else self._numbers
        return Headlines({i: self._numbers[i][0] for i in chosen})

    def _write(self, exhibit: Exhibit) -> list[str]:
        if self._folder is None:
            return []
        files = {f"tables/{exhibit.id}.csv": to_csv(exhibit.data).encode("utf-8")}
        if exhibit.draw is not None:
            files[f"figures/{exhibit.id}.svg"] = exhibit.svg()
            files[f"figures/{exhibit.id}.png"] = exhibit.png()
        for name, content in files.items():
            write_aside(self._folder / name, content)
        return sorted(files)

    def close(self) -> None:
        """Write what the notebook showed, its numbers and what it read, if an output is set."""
        if self._folder is None:
            return
        numbers = {
            i: {"value": _plain(n.value), "unit": n.unit, "exhibit": exhibit, **self._mark}
            for i, (n, exhibit) in self._numbers.items()
        }
        read = sorted(name for name in self._values if name in TABLES)
        for name, content in {
            "numbers": numbers,
            "exhibits": self._exhibits,
            "reads": read,
        }.items():
            text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
            write_aside(self._folder / f"{name}.json", text)

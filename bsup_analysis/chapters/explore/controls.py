"""Controls for looking around in a notebook: what is chosen, and the figures that follow.

A choice is a value of a control, so that a program sets it as a reader does: no browser is needed.
"""

from collections.abc import Callable, Mapping

import ipywidgets as widgets

from bsup_analysis.chapters.explore.figures import growth_of_rows, municipality_against_group
from bsup_analysis.exhibit import Exhibit
from bsup_analysis.exhibit.geography import known_municipality
from bsup_analysis.study import Study


class Explorer(widgets.VBox):
    """A list for each choice above the figures that follow it.

    Parameters
    ----------
    language
        `nb` or `en`.
    output
        Folder the figures are written to at each choice; empty: shown only.
    last
        Makes the exhibit below the figures, from the study of each choice.
    chosen
        What is chosen first: `municipality_code`, `outcome`, `group`, `reading`.

    Attributes
    ----------
    controls
        The lists, by what they choose; setting `.value` of one draws the figures anew.
    exhibits
        The figures as they are shown now.
    study
        The study they come from, with the choices as its parameters.

    Raises
    ------
    InputError
        A value that `study.toml` does not allow, or a municipality that is not there.
    """

    def __init__(
        self, language: str, output: str, last: Callable[[Study], Exhibit], **chosen: str
    ) -> None:
        self._language, self._output, self._last = language, output, last
        self.study = Study(language, output, **chosen)
        self.exhibits: tuple[Exhibit, ...] = ()
        known_municipality(self.study.municipality, chosen["municipality_code"])
        self.controls: Mapping[str, widgets.Dropdown] = {
            name: widgets.Dropdown(
                options=self._options(name),
                value=value,
                description=self.study.words(f"explore.control_{name}"),
                style={"description_width": "7em"},
                layout={"width": "28em"},
            )
            for name, value in chosen.items()
        }
        self._figures = widgets.HTML()
        for control in self.controls.values():
            control.observe(lambda _: self._draw(), names="value")
        self._draw()
        super().__init__([*self.controls.values(), self._figures])

    def _options(self, name: str) -> list[tuple[str, str]]:
        """Give what may be chosen, as shown and as meant."""
        words = self.study.words
        if name == "municipality_code":
            rows = self.study.municipality
            pairs = zip(rows["municipality_name"], rows["municipality_code"], strict=True)
            return sorted(pairs, key=lambda pair: pair[0].translate(_ALPHABET))
        allowed = self.study.design.parameters[name].allowed
        if name == "outcome":
            return [(words(f"outcomes.{value}.choice"), value) for value in allowed]
        stem = "readings." if name == "reading" else f"explore.{name}_"
        county = words("explore.same_county")
        return [(words(f"{stem}{value}", county=county), value) for value in allowed]

    def _draw(self) -> None:
        chosen = {name: control.value for name, control in self.controls.items()}
        self.study = study = Study(self._language, self._output, **chosen)
        tables = study.municipality, study.municipality_year, study.group_year
        choices = study.municipality_code, study.outcome, study.group, study.reading
        figures = [
            make(*tables, *choices, study.design, study.words)
            for make in (municipality_against_group, growth_of_rows)
        ]
        figures.append(self._last(study))
        self.exhibits = tuple(study.show(exhibit) for exhibit in figures)
        self._figures.value = "\n".join(one._repr_html_() for one in self.exhibits)


# the Norwegian letters stand last in the alphabet, in this order
_ALPHABET = str.maketrans({"Æ": "{", "Ø": "|", "Å": "}", "æ": "{", "ø": "|", "å": "}"})

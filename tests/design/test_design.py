"""The design: what it refuses, and that each refusal names the line that is wrong."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bsup_analysis.design import load_design
from bsup_analysis.design.load import line_of
from bsup_analysis.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "study.toml").read_text(encoding="utf-8")


def refusal(tmp_path: Path, text: str) -> tuple[str, int]:
    """Load a changed design; give the sentence and the line it names."""
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_design(path)
    sentence = str(caught.value)
    line = re.search(r"line (\d+)", sentence)
    assert line, sentence
    return sentence, int(line.group(1))


def line_holding(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_committed_design_loads_and_cannot_be_changed() -> None:
    design = load_design(CHECKOUT / "study.toml")
    with pytest.raises(AttributeError):
        design.window.first_treated_year.value = 2011  # type: ignore[misc]
    assert len(design.specifications) <= 30
    assert design.groups.priority.value < design.groups.municipalities.value


def test_level_and_power_are_those_of_the_field() -> None:
    """95 %, as PLAN.md says; 80 % in Bloom (1995)."""
    inference = load_design(CHECKOUT / "study.toml").inference
    level, power = inference.confidence_level, inference.power
    assert (level.value, level.source) == (0.95, "PLAN.md 2")
    assert power.value == 0.80
    assert power.source.startswith("Bloom (1995)")


def test_wrong_type_is_refused_with_its_line(tmp_path: Path) -> None:
    changed = TEXT.replace("value = 2010\n", 'value = "2010"\n', 1)
    sentence, line = refusal(tmp_path, changed)
    assert "window.first_treated_year.value" in sentence
    assert line == line_holding(changed, 'value = "2010"')


def test_unknown_key_is_refused_with_its_line(tmp_path: Path) -> None:
    changed = TEXT.replace("[groups.priority]", "[groups.prority]", 1)
    sentence, line = refusal(tmp_path, changed)
    assert "groups.prority" in sentence
    assert "is not a key" in sentence
    assert line == line_holding(changed, "[groups.prority]")


def test_missing_source_is_refused_with_the_line_of_its_choice(tmp_path: Path) -> None:
    start = TEXT.index("[inference.power]")
    end = TEXT.index("source", start)
    changed = TEXT[:end] + "#" + TEXT[end:]
    sentence, line = refusal(tmp_path, changed)
    assert "inference.power.source is missing" in sentence
    assert line == line_holding(changed, "[inference.power]")


def test_blank_source_is_refused(tmp_path: Path) -> None:
    start = TEXT.index("[inference.power]")
    line_start = TEXT.index("source", start)
    line_end = TEXT.index("\n", line_start)
    changed = TEXT[:line_start] + 'source = "  "' + TEXT[line_end:]
    sentence, line = refusal(tmp_path, changed)
    assert "inference.power.source" in sentence
    assert line == line_holding(changed, 'source = "  "')


def test_error_in_an_array_of_tables_names_the_right_element(tmp_path: Path) -> None:
    last = TEXT.rindex("[[specification]]")
    changed = TEXT[:last] + TEXT[last:].replace('outcome = "', 'outcome = "x', 1)
    sentence, line = refusal(tmp_path, changed)
    assert "outcome" in sentence
    assert line == changed[: changed.index('outcome = "x')].count("\n") + 1


def test_run_with_unknown_or_wrong_parameter_is_refused(tmp_path: Path) -> None:
    sentence, line = refusal(
        tmp_path, TEXT.replace("parameters = {}", 'parameters = { langage = "nb" }', 1)
    )
    assert "langage" in sentence
    assert "language" in sentence
    sentence, _ = refusal(
        tmp_path, TEXT.replace("parameters = {}", 'parameters = { language = "fr" }', 1)
    )
    assert "nb, en" in sentence
    assert line == line_holding(TEXT, "parameters = {}")


@pytest.mark.parametrize("name", ["outcome", "reading", "specification"])
def test_names_given_elsewhere_are_not_given_again(tmp_path: Path, name: str) -> None:
    changed = TEXT.replace(
        f"[parameters.{name}]\n", f'[parameters.{name}]\nallowed = ["loans"]\n', 1
    )
    sentence, line = refusal(tmp_path, changed)
    assert f"parameters.{name}.allowed is given elsewhere" in sentence
    assert line == line_holding(changed, f"[parameters.{name}]") + 1


def test_repeated_run_id_is_refused(tmp_path: Path) -> None:
    again = '\n[[notebook]]\nname = "x"\nreason = "r"\nsource = "s"\ntables = []\n'
    again += "[[notebook.run]]\n"
    sentence, line = refusal(
        tmp_path, TEXT + again + 'id = "01_programme_figures"\nparameters = {}\n'
    )
    assert "more than once" in sentence
    assert line > TEXT.count("\n")


@pytest.mark.parametrize("content", [b"\xe6\xf8\xe5 = 1\n", b"[window\n"])
def test_unreadable_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"study\.toml"):
        load_design(path)
    path.unlink()
    with pytest.raises(InputError, match="missing"):
        load_design(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_each_line_dropped_is_loaded_or_refused_in_one_sentence(
    tmp_path: Path, data: st.DataObject
) -> None:
    lines = TEXT.splitlines(keepends=True)
    dropped = data.draw(st.integers(0, len(lines) - 1))
    path = tmp_path / "study.toml"
    path.write_text("".join(lines[:dropped] + lines[dropped + 1 :]), encoding="utf-8")
    try:
        load_design(path)
    except InputError as error:
        assert "\n" not in str(error)


def test_line_of_finds_every_scalar_of_the_design() -> None:
    def walk(node: object, path: tuple[str | int, ...]) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, (*path, key))
        elif isinstance(node, list) and node and isinstance(node[0], dict):
            for position, value in enumerate(node):
                walk(value, (*path, position))
        else:
            line = TEXT.splitlines()[line_of(TEXT, path) - 1]
            # a key of an inline table stands on the line of the table
            assert re.search(rf"\b{path[-1]}\s*=", line), (path, line)

    walk(tomllib.loads(TEXT), ())

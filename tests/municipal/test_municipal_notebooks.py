"""nbval runs the municipal notebooks on a SYNTHETIC panel and compares their headline numbers.

Fewer draws than the study's: only p-values of random tests depend on them. The expected text is
what `study.headlines()` shows; it changes with the design, the estimators and `bsup demo` alone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_up import DRAWS, panel_file

NOTEBOOKS = ("04_effects", "05_robustness")
EXPECTED = Path(__file__).parent / "demo_headlines"


def municipal(path: Path, panel: Path, headlines: str) -> dict:
    """Give a notebook at the municipal level, with the headlines it is to be held against."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        source = "".join(cell["source"])
        if "parameters" in tags:
            for name, value in (("level", "municipal"), ("panel", str(panel))):
                line = next(one for one in source.splitlines() if one.startswith(f"{name} = "))
                source = source.replace(line, f"{name} = {value!r}")
            cell["source"] = source
        if "nbval-check-output" in tags:
            cell["outputs"][0]["data"]["text/plain"] = headlines
    return notebook


def test_the_municipal_notebooks_run_and_keep_their_numbers(project: Path, tmp_path: Path) -> None:
    design = project / "study.toml"
    text = design.read_text(encoding="utf-8")
    for draws in ("value = 9999", "value = 999"):
        assert text.count(f"{draws}\n") == 1
        text = text.replace(f"{draws}\n", f"value = {DRAWS}\n")
    design.write_text(text, encoding="utf-8")
    panel = panel_file(tmp_path / "demo")
    for name in NOTEBOOKS:
        expected = (EXPECTED / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")
        changed = municipal(project / "notebooks" / f"{name}.ipynb", panel, expected)
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(changed), encoding="utf-8")
    arguments = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-vv"]
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *(f"{n}.ipynb" for n in NOTEBOOKS)],
        cwd=tmp_path,
        env={**os.environ, "BSUP_ROOT": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        pytest.fail(outcome.stdout + outcome.stderr)

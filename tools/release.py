"""Check that the files which name an edition agree, before it is tagged: `make release`."""

import json
import sys
import tomllib
from pathlib import Path

import yaml

from bsup_analysis.files import git

ROOT = Path(__file__).resolve().parents[1]


def disagreements(root: Path = ROOT) -> list[str]:
    """Return what stands in the way of a release, one sentence each; none where all agree.

    The version is that of `pyproject.toml`, the date that of `CITATION.cff`.
    """
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    codemeta = json.loads((root / "codemeta.json").read_text("utf-8"))
    day = str(citation.get("date-released"))
    headings = [
        line
        for line in (root / "CHANGELOG.md").read_text("utf-8").splitlines()
        if line.startswith("## ")
    ]
    package = (root / "bsup_analysis" / "__init__.py").read_text("utf-8")
    checks = {
        f"CITATION.cff has version {citation['version']}": citation["version"] == version,
        f"codemeta.json has version {codemeta['version']}": codemeta["version"] == version,
        "bsup_analysis/__init__.py has another version": f'__version__ = "{version}"' in package,
        f"codemeta.json is dated {codemeta['datePublished']}": codemeta["datePublished"] == day,
        f"CHANGELOG.md begins with {headings[0]!r}": headings[0] == f"## {version} - {day}",
    }
    expected = f"expected is {version} of {day}, as in pyproject.toml and CITATION.cff."
    return [f"{found}; {expected}" for found, agrees in checks.items() if not agrees]


def main() -> int:
    """Print the disagreements, or the commands that tag the edition."""
    found = disagreements()
    changed, why = git(ROOT, "status", "--porcelain")
    if why:
        found.append(f"what is committed is not known, because {why}; run this in a clone.")
    if changed:
        found.append("there are changes that are not committed; git status lists them.")
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    print(f"All agree. After make test and make report:\n  git tag -a v{version} -m v{version}")
    print(f"  git push origin v{version}\n  .venv/bin/bsup package")
    return 0


if __name__ == "__main__":
    sys.exit(main())

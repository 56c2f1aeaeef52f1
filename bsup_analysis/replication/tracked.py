"""What git tracks, refused where the folder is not as it was committed."""

import subprocess
from pathlib import Path

from bsup_analysis.errors import InputError

_SHOWN = 5


def tracked(root: Path) -> dict[str, int]:
    """Give every tracked file with its mode, by its name below `root`.

    Raises
    ------
    InputError
        There is no git, `root` is no clone, or it holds what is not committed.
    """
    top = _git(root, "rev-parse", "--show-toplevel").strip()
    if Path(top).resolve() != root.resolve():
        raise InputError("this folder is no git clone; a package is made in one.")
    # not `git status`, which takes a notebook for changed whose saved run a filter takes out
    told = _git(root, "diff", "HEAD", "--name-only", "--no-renames", "-z")
    told += _git(root, "ls-files", "--others", "--exclude-standard", "--directory", "-z")
    changed = [name for name in told.split("\0") if name]
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise InputError(
            f"not as committed: {', '.join(changed[:_SHOWN])}{more}; commit this, or put it aside"
            " with `git stash -u`, then make the package again."
        )
    files = {}
    for line in filter(None, _git(root, "ls-files", "--stage", "-z").split("\0")):
        about, _, name = line.partition("\t")
        files[name] = int(about.split()[0], 8)
    return files


def committed(root: Path, name: str) -> bytes:
    """Return a tracked file as git has it, without what a filter of this clone takes out."""
    return _git(root, "show", f":{name}").encode("utf-8")


def _git(root: Path, *arguments: str) -> str:
    try:
        made = subprocess.run(["git", *arguments], cwd=root, capture_output=True)  # noqa: S603, S607
    except FileNotFoundError:
        raise InputError("a package needs git, which is not installed here.") from None
    if made.returncode:
        told = made.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
        raise InputError(f"a package is made in a git clone; git says: {told[0]}.")
    return made.stdout.decode("utf-8")

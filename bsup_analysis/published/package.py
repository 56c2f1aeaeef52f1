"""Put the replication package together: tracked files, published files, and its README."""

import io
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bsup_analysis.design import load_design
from bsup_analysis.errors import InputError
from bsup_analysis.files import write_aside
from bsup_analysis.published.manifest import MANIFEST, PROFILES
from bsup_analysis.published.package_lists import datasets
from bsup_analysis.published.package_readme import package_readme
from bsup_analysis.published.reader import Check, read_profiles, read_published

README, OWN_README = "README.md", "README-project.md"
_MODE = 0o644
# the earliest time an archive can hold
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR, _EXECUTABLE, _PLAIN = 0o100000, 0o755, 0o644
_SHOWN = 5


@dataclass(frozen=True)
class Package:
    """What was written: where, how many files, how many bytes."""

    path: Path
    files: int
    size: int


def make_package(
    root: Path,
    checks: Iterable[Check],
    labels: Callable[[], Mapping[str, str]],
    renewed: Callable[[str], str],
    path: Path,
) -> Package:
    """Write the replication package.

    Parameters
    ----------
    root
        The study, in a git clone with all committed.
    checks
        What is published, compared with its manifest and with what is here.
    labels
        Gives `Figure 3` and the like, by exhibit, in the order of the report.
    renewed
        Fills the generated blocks of a README.
    path
        The archive to write; an earlier one is replaced.

    Raises
    ------
    InputError
        Something is not committed, a check has not passed, or the archive cannot be written.
    """
    modes = tracked(root)
    _refuse_differences(checks)
    published = read_published(root / "reports")
    profiles = read_profiles(root / "reports").get("files", {})
    names = [*published.manifest["files"], MANIFEST, *profiles, *([PROFILES] if profiles else [])]
    modes |= {f"reports/{name}": _MODE for name in names}
    contents = {name: (_read(root, name), mode) for name, mode in modes.items()}
    contents[OWN_README] = contents[README]
    text = package_readme(
        published.manifest,
        len(published.numbers),
        load_design(root / "study.toml"),
        labels(),
        datasets(modes, published.tables),
        sum(len(content) for content, _ in contents.values()),
    )
    contents[README] = (renewed(text).encode("utf-8"), _MODE)
    packed = archive(contents)
    try:
        write_aside(path, packed)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}; nothing was left of it."
        ) from None
    return Package(path, len(contents), len(packed))


def _refuse_differences(checks: Iterable[Check]) -> None:
    differing = [check for check in checks if not check.passed]
    if differing:
        first = differing[0]
        more = f" (and {len(differing) - 1} more, see `bsup verify`)" if len(differing) > 1 else ""
        raise InputError(f"{first.name} {first.detail}{more}; then make the package again.")


def _read(root: Path, name: str) -> bytes:
    # a notebook may hold the outputs of a run that was saved, which git does not see
    return committed(root, name) if name.endswith(".ipynb") else (root / name).read_bytes()


def archive(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """Put files into an archive.

    Names are sorted; times, owners and all of a mode but whether a file is a program are left
    out.  Nothing is compressed, since what a compressor gives depends on its version.

    Parameters
    ----------
    files
        Content and mode, by name.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as made:
        for name, (content, mode) in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = (_REGULAR | (_EXECUTABLE if mode & 0o111 else _PLAIN)) << 16
            made.writestr(entry, content)
    return stream.getvalue()


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

"""Writing files so that a reader never meets half of one, and knowing them by content.

Files that belong together are put in place together: all of them or none, whatever stops it in
between.  Before the first rename all that is new and all that it replaces lie in a journal inside
their folder.  An error undoes what was done; after a kill the next command does, because the
journal is still there.
"""

import errno
import glob
import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import threading
import time
import tomllib
import uuid
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bsup_analysis.errors import InputError

JOURNAL = ".undo"
# held while files are put in place, so that an interrupted run can wait for the end of it
BUSY = threading.Lock()
_TOUCHED = "touched.json"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(path: Path) -> str:
    """Return a file's SHA-256; within a process a file that has not moved is read only once."""
    status = path.stat()
    return _digest(path, status.st_mtime_ns, status.st_size, status.st_ino)


@cache
def _digest(path: Path, _time_ns: int, _size: int, _inode: int) -> str:
    return sha256(path)


def digest_of(content: Path | bytes) -> str:
    """Return the SHA-256 of a file or of bytes that are to be one."""
    return digest(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()


def read_regular(path: Path, most: int | None = None) -> bytes:
    """Read a file that a user names, whole.

    Parameters
    ----------
    path
        The file.
    most
        The most bytes that are read; None: as many as there are.

    Raises
    ------
    InputError
        It is not there, a folder, a pipe, a device or a socket, may not be read, or is larger.
    """
    name = path.name.encode("utf-8", "replace").decode() or str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{name} is a folder; give the file with the table.")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{name} is no ordinary file (a pipe or a device); save it as one.")
        with path.open("rb") as stream:
            content = stream.read() if most is None else stream.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{name} is not there; check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{name} may not be read ({reason}); check its permissions.") from None
    if most is not None and len(content) > most:
        raise InputError(
            f"{name} is larger than {most // 10**6} million bytes; export only the municipalities"
            " and years of the study."
        )
    return content


def read_toml(path: Path, name: str = "") -> dict[str, Any]:
    """Read a TOML file; `name` is what a sentence calls it, if not by the file's own name.

    Raises
    ------
    InputError
        It is missing, or no TOML in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{name or path.name} is missing; restore it from git.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{name or path.name} is no TOML in UTF-8: {error}.") from None


def write_aside(path: Path, content: bytes | str) -> bool:
    """Write `content` to a file beside `path`, then rename it into place.

    Text is written as UTF-8 with the line ends it has. A file that already holds
    these bytes is left alone, so that its time stamp only moves with its content.

    Returns
    -------
    bool
        Whether the file changed.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written to; `path` is then as it was.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return False
    aside = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # what the reader knows, not the name it had aside
        raise
    return True


def clear_aside(root: Path) -> None:
    """Remove in a checkout what killed processes had written aside."""
    made = (root / name for name in ("data", "reports", "build", "dist"))
    below = (path for folder in made for path in folder.rglob(".*.part"))
    for path in (*root.glob(".*.part"), *below):
        writer = path.name.split(".")[-2].partition("-")[0]
        if not (writer.isdecimal() and _lives(int(writer), path)):
            path.unlink(missing_ok=True)


def _lives(process: int, file: Path) -> bool:
    """Tell whether the writer of a file can still be at it."""
    if os.name == "nt":  # where a process cannot be asked in this way
        return time.time() - file.stat().st_mtime < 3600
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_together(new: Mapping[str, Path | bytes], remove: Iterable[str], folder: Path) -> None:
    """Put files below `folder` in place and remove others; those that are the same are left alone.

    The caller holds the lock of the checkout.

    Parameters
    ----------
    new
        A file to copy, or content, by the name it gets below `folder` (`../README.md` too).
    remove
        Names below `folder` that are to go; one that is not there is no error.

    Raises
    ------
    OSError
        If a file cannot be written, as on a full disk; `folder` is then as it was.
    """
    journal = folder / JOURNAL
    touched = [
        name
        for name, content in new.items()
        if not _at(folder, name).is_file() or digest(_at(folder, name)) != digest_of(content)
    ]
    touched += sorted(set(remove) - set(new))
    with BUSY:
        shutil.rmtree(journal, ignore_errors=True)
        try:
            journal.mkdir(parents=True)
            for number, name in enumerate(touched):
                content = new.get(name)
                if isinstance(content, bytes):
                    (journal / f"{number}.new").write_bytes(content)
                elif content is not None:
                    shutil.copyfile(content, journal / f"{number}.new")
                if _at(folder, name).is_file():
                    shutil.copyfile(_at(folder, name), journal / f"{number}.old")
            existed = {name: _at(folder, name).is_file() for name in touched}
            write_aside(journal / _TOUCHED, json.dumps(existed))
            for number, name in enumerate(touched):
                if name in new:
                    _move(journal / f"{number}.new", _at(folder, name))
                else:
                    _remove(folder, name)
        except BaseException:
            recover(folder)
            raise
        _forget(journal)


def recover(folder: Path) -> None:
    """Undo what was broken off in a folder; the caller holds the lock of the checkout."""
    journal = folder / JOURNAL
    if (journal / _TOUCHED).is_file():
        existed = json.loads((journal / _TOUCHED).read_text(encoding="utf-8"))
        for number, (name, was_there) in enumerate(existed.items()):
            if not was_there:
                _remove(folder, name)
            elif (journal / f"{number}.old").is_file():
                _move(journal / f"{number}.old", _at(folder, name))
        _forget(journal)
    shutil.rmtree(journal, ignore_errors=True)


def repair(folder: Path, root: Path) -> None:
    """Undo what a killed command left half done in a folder of a checkout; readers call it first.

    Raises
    ------
    InputError
        The command is not dead and puts files in place at this moment.
    """
    if not (folder / JOURNAL).is_dir():
        return
    try:
        with only_one(lock_of(root)):
            recover(folder)
    except InputError:
        if (folder / JOURNAL / _TOUCHED).is_file():
            raise


def lock_of(root: Path) -> Path:
    """Return the lock of a checkout, held by the one command that may write."""
    return root / "build" / "lock"


def _at(folder: Path, name: str) -> Path:
    """Return the path of a name; `..` leads out of the folder as named, were it a link."""
    return Path(os.path.normpath(folder / name))


def _move(source: Path, target: Path) -> None:
    """Put a file in the place of another, by a rename at the end also from another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        write_aside(target, source.read_bytes())
        source.unlink()


def put_folder(made: Path, folder: Path) -> None:
    """Put a finished folder in the place of an earlier one, by a rename also from another disk."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*.part"):  # by one that was killed
        if not _lives(int(left.name.split(".")[-2]), left):
            shutil.rmtree(left, ignore_errors=True)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    before = made.with_name(f"{made.name}-before")
    try:
        if made.stat().st_dev != folder.parent.stat().st_dev:
            made, before = shutil.copytree(made, beside / "new"), beside / "before"
        if folder.exists():
            folder.rename(before)
        made.rename(folder)
    finally:
        for left in (before, beside):
            shutil.rmtree(left, ignore_errors=True)


def _forget(journal: Path) -> None:
    """Drop the journal; what makes it count goes first."""
    (journal / _TOUCHED).unlink()
    shutil.rmtree(journal, ignore_errors=True)


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the folders below `folder` that this leaves empty."""
    path = _at(folder, name)
    if path.is_file():
        path.unlink()
    for above in path.parents:
        if above in (_at(folder, "."), _at(folder, "..")):
            break
        with suppress(OSError):
            above.rmdir()


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock at `path`.

    A SQLite transaction serves as the lock: it works alike on Linux, macOS and Windows, and the
    system lets go of it when the process ends, however it ends.

    Raises
    ------
    InputError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise InputError(
                    "another bsup is at work in this checkout; wait for it to end, then run again."
                ) from None
            raise InputError(f"{path} cannot be used as a lock: {error}.") from None
        yield


def only_own_script(html: str) -> str:
    """Name a page's last script, which is its own, in the policy by its hash: no other is run."""
    scripts = re.findall("<script>(.*?)</script>", html, re.DOTALL)[-1:]
    hashes = [b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    allowed = " ".join(f"'sha256-{one}'" for one in hashes) or "'none'"
    policy = f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    return html.replace("script-src 'none'", policy, 1)


def svg_address(svg: bytes) -> str:
    """Return a drawing as an address that holds all of it, to stand within double quotes."""
    plain = " !$'()*+,-./:;=?@[]_~{}|^`"
    return "data:image/svg+xml," + quote(svg.decode("utf-8").replace('"', "'"), safe=plain)


def git(root: Path, *arguments: str) -> tuple[bytes, str]:
    """Ask git in a folder; what it prints, and in half a sentence why it does not (else empty)."""
    try:
        made = subprocess.run(["git", *arguments], cwd=root, capture_output=True)  # noqa: S603, S607
    except FileNotFoundError:
        return b"", "git is not installed"
    told = made.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
    return made.stdout, f"git says: {told[0]}" if made.returncode else ""


def file_and_part(given: str) -> tuple[Path, str | None]:
    """Split ``FILE#PART`` into its two; PART is None where there is none, or in a file's name."""
    path, _, part = given.rpartition("#")
    if not path or Path(given).exists():
        return Path(given), None
    return Path(path), part

"""Writing files so that a reader never meets half of one, and knowing them by content."""

import hashlib
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

from bsup_analysis.errors import InputError


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
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
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


def svg_address(svg: bytes) -> str:
    """Return a drawing as an address that holds all of it, to stand within double quotes."""
    plain = " !$'()*+,-./:;=?@[]_~{}|^`"
    return "data:image/svg+xml," + quote(svg.decode("utf-8").replace('"', "'"), safe=plain)

"""Writing files so that a reader never meets half of one, and knowing them by content."""

import hashlib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
    return bool(write_together({path: content}))


def write_together(contents: Mapping[Path, bytes | str]) -> list[Path]:
    """Write files that belong together: each aside, and only then all of them into place.

    As `write_aside` for each. What stops the writing, as a full disk does, leaves all files as
    they were.

    Returns
    -------
    list of Path
        The files that changed.

    Raises
    ------
    OSError
        If one of them cannot be written.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            if path.is_file() and path.read_bytes() == data:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
            staged.append((aside, path))
            with aside.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        for aside, path in staged:
            aside.replace(path)
    except BaseException as error:
        for aside, _ in staged:
            aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # what the reader knows, not the name it had aside
        raise
    return [path for _, path in staged]

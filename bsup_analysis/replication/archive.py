"""A zip archive whose bytes follow from its files alone."""

import io
import zipfile
from collections.abc import Mapping

# the earliest time an archive can hold
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR, _EXECUTABLE, _PLAIN = 0o100000, 0o755, 0o644


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

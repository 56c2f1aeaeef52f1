"""Put many files in place together: all of them or none, whatever stops it in between.

Before the first rename all that is new and all that it replaces lie in a journal inside `reports/`.
An error undoes what was done; after a kill the next command that reads `reports/` does, because the
journal is still there.
"""

import json
import shutil
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from bsup_analysis.files import digest, digest_of, only_one, write_aside

JOURNAL = ".undo"
# held while files are put in place, so that an interrupted run can wait for the end of it
BUSY = threading.Lock()
_TOUCHED = "touched.json"


def publish_together(new: Mapping[str, Path | bytes], remove: Iterable[str], reports: Path) -> None:
    """Put files below `reports` in place and remove others; those that are the same are left alone.

    Parameters
    ----------
    new
        A file to copy, or content, by the name it gets below `reports` (`../README.md` too).
    remove
        Names below `reports` that are to go; one that is not there is no error.

    Raises
    ------
    OSError
        If a file cannot be written, as on a full disk; `reports` is then as it was.
    """
    journal = reports / JOURNAL
    touched = [
        name
        for name, content in new.items()
        if not (reports / name).is_file() or digest(reports / name) != digest_of(content)
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
                if (reports / name).is_file():
                    shutil.copyfile(reports / name, journal / f"{number}.old")
            existed = {name: (reports / name).is_file() for name in touched}
            write_aside(journal / _TOUCHED, json.dumps(existed))
            for number, name in enumerate(touched):
                if name in new:
                    (reports / name).parent.mkdir(parents=True, exist_ok=True)
                    (journal / f"{number}.new").replace(reports / name)
                else:
                    _remove(reports, name)
        except BaseException:
            recover(reports)
            raise
        _forget(journal)


def recover(reports: Path) -> None:
    """Undo a publication that was broken off; the caller holds the lock of the checkout."""
    journal = reports / JOURNAL
    if (journal / _TOUCHED).is_file():
        existed = json.loads((journal / _TOUCHED).read_text(encoding="utf-8"))
        for number, (name, was_there) in enumerate(existed.items()):
            if not was_there:
                _remove(reports, name)
            elif (journal / f"{number}.old").is_file():
                (journal / f"{number}.old").replace(reports / name)
        _forget(journal)
    shutil.rmtree(journal, ignore_errors=True)


def repair(reports: Path) -> None:
    """Undo a publication that a killed command left half done; what every reader calls first.

    Raises
    ------
    InputError
        The command is not dead and publishes at this moment.
    """
    if (reports / JOURNAL / _TOUCHED).is_file():
        with only_one(lock_of(reports.parent)):
            recover(reports)


def lock_of(root: Path) -> Path:
    """Return the lock of a checkout, held by the one command that may write."""
    return root / "build" / "lock"


def _forget(journal: Path) -> None:
    """Drop the journal; what makes it count goes first."""
    (journal / _TOUCHED).unlink()
    shutil.rmtree(journal, ignore_errors=True)


def _remove(reports: Path, name: str) -> None:
    """Remove a file, and the folders below `reports` that this leaves empty."""
    if (reports / name).is_file():
        (reports / name).unlink()
    for folder in (reports / name).parents:
        if folder == reports:
            break
        with suppress(OSError):
            folder.rmdir()

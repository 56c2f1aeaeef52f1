"""Put many files in place together: all of them or none, whatever stops it in between.

Before the first rename everything that will be touched is copied into a journal.  An error
undoes what was done; after a kill the next run does, because the journal is still there.
"""

import json
import shutil
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from bsup_analysis.files import write_aside

# held while files are put in place, so that an interrupted run can wait for the end of it
BUSY = threading.Lock()
_TOUCHED = "touched.json"


def swap(new: Mapping[str, Path], remove: Iterable[str], target: Path, journal: Path) -> None:
    """Move prepared files into `target` and remove others from it.

    Parameters
    ----------
    new
        Prepared files, on the same disk as `target`, by the name they get below it.
    remove
        Names below `target` that are to go; one that is not there is no error.
    journal
        A folder of our own for what is needed to undo.

    Raises
    ------
    OSError
        If a file cannot be written, as on a full disk; `target` is then as it was.
    """
    stale = sorted(set(remove) - set(new))
    with BUSY:
        shutil.rmtree(journal, ignore_errors=True)
        existed = {name: (target / name).is_file() for name in (*new, *stale)}
        try:
            for name in (name for name, was in existed.items() if was):
                (journal / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(target / name, journal / name)
            write_aside(journal / _TOUCHED, json.dumps(existed))
            for name, path in new.items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                path.replace(target / name)
            for name in stale:
                _remove(target, name)
        except BaseException:
            recover(target, journal)
            raise
        _forget(journal)


def recover(target: Path, journal: Path) -> bool:
    """Undo a swap that was broken off.

    Returns
    -------
    bool
        Whether there was one.
    """
    touched = journal / _TOUCHED
    if not touched.is_file():
        shutil.rmtree(journal, ignore_errors=True)
        return False
    for name, existed in json.loads(touched.read_text(encoding="utf-8")).items():
        if not existed:
            _remove(target, name)
        elif (journal / name).is_file():
            (journal / name).replace(target / name)
    _forget(journal)
    return True


def _forget(journal: Path) -> None:
    """Drop the journal; what makes it count goes first."""
    (journal / _TOUCHED).unlink()
    shutil.rmtree(journal, ignore_errors=True)


def _remove(target: Path, name: str) -> None:
    """Remove a file, and the folders below `target` that this leaves empty."""
    path = target / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == target:
            break
        with suppress(OSError):
            folder.rmdir()

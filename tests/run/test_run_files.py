"""Files written aside and paths: never half a file, never another's folder."""

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from bsup_analysis import paths
from bsup_analysis.errors import InputError
from bsup_analysis.files import sha256, write_aside


def test_written_whole_with_line_ends_as_given(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    assert write_aside(path, "æ,1\nø,2\r\n")
    assert path.read_bytes() == "æ,1\nø,2\r\n".encode()
    assert write_aside(path, b"\x00")
    assert path.read_bytes() == b"\x00"
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]


def test_same_content_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_aside(path, "same")
    os.utime(path, (1, 1))
    assert not write_aside(path, "same")
    assert path.stat().st_mtime == 1


def test_full_disk_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_aside(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as told:
        write_aside(path, "new")
    assert told.value.filename == str(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_aside, args=(path, text)) for text in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text(encoding="utf-8") in contents
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_hash_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    # FIPS 180-4, example SHA-256 of "abc"
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    path.write_bytes(b"x" * 5_000_000)
    assert sha256(path) == hashlib.sha256(b"x" * 5_000_000).hexdigest()


def test_root_is_the_checkout_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BSUP_ROOT", raising=False)
    assert (paths.root() / "bsup_analysis" / "paths.py").samefile(paths.__file__)
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    assert paths.raw() == tmp_path / "data" / "raw"
    assert paths.reports() == tmp_path / "reports"


def test_table_is_found_wherever_it_lies_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSUP_ROOT", str(tmp_path))
    with pytest.raises(InputError, match=r"a\.csv is in none of data/raw, data/decisions, data"):
        paths.table_path("a")
    for folder in ("raw", "decisions", "processed"):
        path = tmp_path / "data" / folder / f"{folder}_table.csv"
        path.parent.mkdir(parents=True)
        path.touch()
        assert paths.table_path(f"{folder}_table") == path
    (tmp_path / "data" / "decisions" / "raw_table.csv").touch()
    with pytest.raises(InputError, match=r"stands twice, as data.raw.raw_table\.csv and data"):
        paths.table_path("raw_table")

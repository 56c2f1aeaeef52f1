"""An archive whose bytes follow from its files alone."""

import io
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bsup_analysis.run.package import archive

FILES = {"b/ø.txt": (b"text", 0o100644), "a.sh": (b"#!/bin/sh\n", 0o100755), "b/c": (b"", 0o600)}


def test_files_come_out_as_they_went_in() -> None:
    with zipfile.ZipFile(io.BytesIO(archive(FILES))) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["a.sh", "b/c", "b/ø.txt"]
        assert {name: packed.read(name) for name in FILES} == {n: c for n, (c, _) in FILES.items()}
        modes = {one.filename: stat.S_IMODE(one.external_attr >> 16) for one in packed.infolist()}
        assert modes == {"a.sh": 0o755, "b/c": 0o644, "b/ø.txt": 0o644}
        assert {one.date_time for one in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@given(st.dictionaries(st.text("abc/é", min_size=1, max_size=6), st.binary(max_size=20)))
def test_bytes_do_not_depend_on_the_order(contents: dict[str, bytes]) -> None:
    files = {name: (content, 0o644) for name, content in contents.items()}
    assert archive(files) == archive(dict(reversed(files.items())))


def test_bytes_do_not_depend_on_hash_seed_time_zone_or_mask(tmp_path: Path) -> None:
    code = (
        "import hashlib, os; os.umask(int(os.environ['MASK'], 8))\n"
        "from bsup_analysis.run.package import archive\n"
        f"print(hashlib.sha256(archive({FILES!r})).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "MASK": mask},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone, mask in (("0", "UTC", "022"), ("1", "Pacific/Apia", "077"))
    }
    assert len(digests) == 1

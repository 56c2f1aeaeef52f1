"""Kill a command for real at random moments, and count what it leaves.

    python benchmarks/kills.py import --moments 50
    python benchmarks/kills.py publish --checkout FOLDER --moments 50
    python benchmarks/kills.py whole --checkout FOLDER --moments 50

Each moment begins with the old state in a folder of its own, runs the command that makes the new
one, sends the signal, and lets the next command begin. Counted are: old and new, whole, right after
the signal; whole only once the next command had begun (repaired); neither (BROKEN); what is left
over, and processes still there two seconds after the signal. `publish`, `profiles` and `report`
need a checkout with a published report, which they change: `publish` kills the publication of a
made build, `profiles` the pages of two municipalities, `report` a run after a changed raw cell.
`--late 0.5` leaves the first half out. `whole` makes a report from nothing, killed 3 to 12 s after
each start with one signal after the other until it is whole, and once more undisturbed.
"""

import argparse
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
BSUP = [sys.executable, "-m", "bsup_analysis"]
# what `bsup report` ends with where all is made, without finding out that it is
PUBLISH = [
    sys.executable,
    "-c",
    "from bsup_analysis import cli\n"
    "from bsup_analysis.cli.study_project import study_project\n"
    "from bsup_analysis.run.engine import at_work\n"
    "from bsup_analysis.run.publish import publish\n"
    "def work():\n"
    "    project = study_project()\n"
    "    with at_work(project):\n"
    "        print('running  publish', flush=True)\n"
    "        publish(project)\n"
    "cli.app = work\n"
    "cli.main()",
]
PROFILES = [
    sys.executable,
    "-c",
    "from bsup_analysis import cli\n"
    "from bsup_analysis.run import profiles\n"
    "every = profiles._municipalities\n"
    "profiles._municipalities = lambda run: dict(list(every(run).items())[:2])\n"
    "cli.main()",
    "profiles",
]
SIGNALS = ("TERM", "INT", "HUP", "KILL")
State = dict[str, bytes]
SERVING = ExitStack()  # lasts as long as the program


@dataclass
class Case:
    """What is killed: a command in a folder, and the files of it that must be whole.

    `begin` puts the old state back; `waits_for` is the line of output from which time is counted.
    """

    root: Path
    command: list[str]
    state: Callable[[], State]
    begin: Callable[[], None]
    waits_for: str = ""


def files(*folders: Path) -> State:
    """Read every file that is published; what is hidden is no part of it."""
    return {
        str(path): path.read_bytes()
        for folder in folders
        for path in [folder, *sorted(folder.rglob("*"))]
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    }


def environment(root: Path) -> dict[str, str]:
    """Give a command its folder, and a folder for temporary files that is looked at afterwards."""
    temporary = root / "temporary"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "BSUP_ROOT": str(root), "TMPDIR": str(temporary), "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(HERE)}  # fmt: skip


def begun(case: Case) -> subprocess.Popen[str]:
    """Begin the command in a session of its own."""
    return subprocess.Popen(  # noqa: S603 - our own command
        case.command, env=environment(case.root), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=heard,
    )  # fmt: skip


def heard() -> None:
    """Let the command hear what jobs in the background, or under nohup, do not."""
    for name in ("INT", "HUP"):
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)


def until(process: subprocess.Popen[str], line: str) -> float:
    """Read output until a line; give the time it came."""
    if line and not any(line in one for one in process.stdout or ()):
        raise SystemExit(f"the command never said {line!r}")
    return time.monotonic()


def leftovers(root: Path) -> list[str]:
    """Name what no reader asked for: files aside, journals, connection files, scratch."""
    found = [*(root / "temporary").iterdir(), *(root / "build" / "scratch").glob("*")]
    found += [*root.rglob(".*.part"), *root.rglob(".undo")]
    return sorted(str(path.relative_to(root)) for path in found)


def living(session: int) -> list[str]:
    """Name the processes of a session that still run."""
    listed = subprocess.run(["ps", "-o", "stat=,args=", "-s", str(session)], text=True,  # noqa: S603, S607
                            capture_output=True, check=False).stdout.splitlines()  # fmt: skip
    return [line for line in listed if not line.startswith("Z")]


def measure(case: Case, given: argparse.Namespace) -> Iterator[tuple[str, Counter[str]]]:
    """Kill at random moments, for each signal; yield what was found."""
    case.begin()
    old = case.state()
    process = begun(case)
    from_time = until(process, case.waits_for)
    process.communicate()
    lasts_s = time.monotonic() - from_time
    new = case.state()
    if process.returncode or old == new:
        raise SystemExit(f"status {process.returncode}, old and new alike: {old == new}")
    chance = random.Random(given.seed)  # noqa: S311 - moments, not secrets
    for name in given.signals.split(","):
        count: Counter[str] = Counter()
        for _ in range(given.moments):
            case.begin()
            process = begun(case)
            until(process, case.waits_for)
            time.sleep(lasts_s * chance.uniform(given.late, 1.05))
            process.send_signal(getattr(signal, f"SIG{name}"))
            process.communicate()
            found = case.state()
            count["old" if found == old else "new" if found == new else "half"] += 1
            if name == "KILL":
                time.sleep(2)
            count["processes left"] += bool(living(process.pid))
            count["left over at once"] += bool(leftovers(case.root))
            subprocess.run([*BSUP, "trace", "nothing"], env=environment(case.root), check=False,  # noqa: S603
                           capture_output=True)  # fmt: skip
            after = case.state()
            if after not in (old, new):
                count["BROKEN"] += 1
            elif found not in (old, new):
                count["repaired"] += 1
            left = leftovers(case.root)
            count["LEFT OVER"] += bool(left)
            if left:
                sys.stderr.write(f"  left over: {left[:4]}\n")
        yield name, count


# --- what is killed ---


def copied(root: Path) -> None:
    """Copy what the commands read into a folder."""
    shutil.copytree(HERE / "data", root / "data", ignore=shutil.ignore_patterns("municipal"))
    for name in ("notebooks", "study.toml", "requirements.lock"):
        (shutil.copytree if (HERE / name).is_dir() else shutil.copy)(HERE / name, root / name)


def importing(root: Path) -> Case:
    """`bsup import` of a file in the place of another."""
    sys.path.insert(0, str(HERE / "tests" / "statbank"))
    from test_husbanken import true_loans

    copied(root)
    for name, add in (("old", 0), ("new", 1)):
        with (root / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["kommunenr", "år", "antall startlån", "beløp kroner"])
            for (code, year), (loans, nok) in true_loans().items():
                if year > 2008:
                    more = add * (year == 2011)
                    writer.writerow([code, year, loans + more, nok + 500_000 * more])
    command = [*BSUP, "import", str(root / "old.csv"), "--definition", "loans"]
    made = subprocess.run(command, env=environment(root), capture_output=True, text=True,  # noqa: S603
                          check=False)  # fmt: skip
    if made.returncode:
        raise SystemExit(made.stderr)
    folder, kept = root / "data" / "municipal", root / "kept"
    shutil.copytree(folder, kept)

    def begin() -> None:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)

    command = [*BSUP, "import", str(root / "new.csv"), "--definition", "loans"]
    return Case(root, command, lambda: files(folder), begin)


def sealing(root: Path) -> Case:
    """`bsup seal` after an edit."""
    copied(root)
    record = root / "data" / "raw" / "press_totals.provenance.toml"
    table, kept = record.with_name("press_totals.csv"), record.read_bytes()
    table.write_bytes(table.read_bytes().replace(b"\n", b" \n", 1).replace(b" \n", b"\n"))
    lines = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text("".join([lines[0], *reversed(lines[1:])]), "utf-8")
    return Case(root, [*BSUP, "seal", "press_totals"], lambda: files(record),
                lambda: record.write_bytes(kept) and None)  # fmt: skip


def fetching(root: Path) -> Case:
    """`bsup fetch husbanken` from a bank on loopback."""
    sys.path.insert(0, str(HERE / "tests" / "statbank"))
    import qlik_server
    from test_husbanken import MEASURES, TABLES, true_loans

    copied(root)
    rows = [(code, str(year), *pair) for (code, year), pair in true_loans().items()]
    app = qlik_server.App(rows, MEASURES, TABLES)
    SERVING.enter_context(qlik_server.serve(app))
    folder = root / "data" / "municipal"
    command = [*BSUP, "fetch", "husbanken", "--years", "2009-2011", "--address", app.address]
    command += ["--app", qlik_server.APP]
    return Case(root, command, lambda: files(folder / "start_loans.csv",
                                             folder / "start_loans.provenance.toml"),
                lambda: shutil.rmtree(folder, ignore_errors=True))  # fmt: skip


@contextmanager
def changed(checkout: Path) -> Iterator[None]:
    """Change a raw cell of a checkout and seal it; put it back in the end."""
    table = checkout / "data" / "raw" / "programme_p13_shares.csv"
    record = table.with_suffix(".provenance.toml")
    kept = table.read_bytes(), record.read_bytes()
    lines = table.read_text("utf-8").splitlines(keepends=True)
    lines[4] = lines[4].replace(",79,", ",78,")
    table.write_text("".join(lines), "utf-8")
    subprocess.run([*BSUP, "seal", table.stem], env=environment(checkout), check=True,  # noqa: S603
                   capture_output=True)  # fmt: skip
    try:
        yield
    finally:
        table.write_bytes(kept[0])
        record.write_bytes(kept[1])


def reporting(checkout: Path, kept: Path, *, publication_only: bool) -> Case:
    """`bsup report` of a made build over another report, or all of it after a changed cell."""
    reports, build, readme = checkout / "reports", checkout / "build", checkout / "README.md"
    shutil.copytree(reports, kept / "reports")
    shutil.copy(readme, kept / "README.md")
    if not publication_only:
        shutil.copytree(build, kept / "build")
    else:  # make the new one, and keep the old report to put back
        subprocess.run([*BSUP, "report"], env=environment(checkout), check=True)  # noqa: S603

    def begin() -> None:
        shutil.rmtree(reports, ignore_errors=True)
        shutil.copytree(kept / "reports", reports)
        shutil.copy(kept / "README.md", readme)
        if not publication_only:
            shutil.rmtree(build, ignore_errors=True)
            shutil.copytree(kept / "build", build)

    command = PUBLISH if publication_only else [*BSUP, "report"]
    return Case(checkout, command, lambda: files(reports, readme), begin,
                "running  publish" if publication_only else "")  # fmt: skip


def profiling(checkout: Path) -> Case:
    """`bsup profiles` of two municipalities, where there are none."""
    reports = checkout / "reports"

    def begin() -> None:
        for one in (*reports.glob("*/profiles"), checkout / "build" / "profiles"):
            shutil.rmtree(one, ignore_errors=True)
        for one in (reports / "profiles.json", checkout / "build" / "profiles.json"):
            one.unlink(missing_ok=True)

    return Case(checkout, PROFILES, lambda: files(reports), begin)


def whole(checkout: Path, given: argparse.Namespace) -> None:
    """Make a report from nothing, killed again and again until it is whole; compare bytes."""
    reports, readme, build = checkout / "reports", checkout / "README.md", checkout / "build"
    kept = readme.read_bytes()

    def empty() -> None:
        shutil.rmtree(reports, ignore_errors=True)
        shutil.rmtree(build, ignore_errors=True)
        readme.write_bytes(kept)

    empty()
    old, states = files(reports, readme), list[tuple[int, State]]()
    chance, count = random.Random(given.seed), Counter[str]()  # noqa: S311 - moments
    finished = False
    while not finished:
        process = begun(Case(checkout, [*BSUP, "report"], dict, empty))
        name = SIGNALS[len(states) % len(SIGNALS)]
        try:
            wait = chance.uniform(3, 12) if len(states) < given.moments else None
            process.communicate(timeout=wait)
            finished = True
            count[f"ended with status {process.returncode}"] += 1
        except subprocess.TimeoutExpired:
            process.send_signal(getattr(signal, f"SIG{name}"))
            process.communicate()
            count[name] += 1
            time.sleep(2 * (name == "KILL"))
        count["processes left"] += bool(living(process.pid))
        states.append((process.returncode, files(reports, readme)))
    new = states[-1][1]
    count["old"] = sum(state == old for _, state in states)
    count["new"] = sum(state == new for _, state in states)
    count["half"] = len(states) - count["old"] - count["new"]
    count["left over"] = len(leftovers(checkout))
    subprocess.run([*BSUP, "verify"], env=environment(checkout), check=True,  # noqa: S603
                   stdout=subprocess.DEVNULL)  # fmt: skip
    empty()
    begin = time.monotonic()
    subprocess.run([*BSUP, "report"], env=environment(checkout), check=True,  # noqa: S603
                   stdout=subprocess.DEVNULL)  # fmt: skip
    undisturbed = files(reports, readme)
    count["undisturbed, s"] = round(time.monotonic() - begin)
    count["files"], count["files that differ"] = (
        len(new),
        sum(undisturbed.get(one) != new.get(one) for one in {*undisturbed, *new}),
    )
    parts = ", ".join(f"{key} {value}" for key, value in count.items() if value)
    sys.stdout.write(f"whole    {parts}\n")


def main() -> None:
    """Measure and print a line a signal."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked.add_argument(
        "what", choices=["import", "seal", "fetch", "publish", "profiles", "report", "whole"]
    )
    asked.add_argument("--moments", type=int, default=50)
    asked.add_argument("--signals", default=",".join(SIGNALS))
    asked.add_argument("--late", type=float, default=0.0)
    asked.add_argument("--seed", type=int, default=20092012)
    asked.add_argument("--checkout", type=Path, help="for the last four; it is changed")
    given = asked.parse_args()
    made = {"import": importing, "seal": sealing, "fetch": fetching}
    if given.what not in made and given.checkout is None:
        asked.error("--checkout FOLDER is needed, one that may be changed")
    checkout = (given.checkout or HERE).resolve()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        if given.what in made:
            told(made[given.what](root), given)
        elif given.what == "whole":
            whole(checkout, given)
        elif given.what == "profiles":
            told(profiling(checkout), given)
        else:
            with changed(checkout):
                case = reporting(checkout, root, publication_only=given.what == "publish")
                told(case, given)


def told(case: Case, given: argparse.Namespace) -> None:
    """Print what was found."""
    for name, count in measure(case, given):
        parts = ", ".join(f"{key} {value}" for key, value in sorted(count.items()) if value)
        sys.stdout.write(f"{given.what:<8} {name:<5} {given.moments} moments: {parts}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

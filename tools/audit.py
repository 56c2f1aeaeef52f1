"""Hold the locked packages against known advisories with pip-audit, and say where that fails."""

import json
import subprocess
import sys
from pathlib import Path

DATABASES = {"osv": "OSV", "pypi": "PyPI"}


def asked(database: str, lock: Path, report: Path) -> list[dict]:
    """Ask a database about each locked package; give those it answered for."""
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", database]
    command += ["--disable-pip", "--require-hashes", "--requirement", str(lock)]
    command += ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - our own command
    if not report.is_file():
        return []
    listed = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    return [one for one in listed if "skip_reason" not in one]


def main() -> int:
    """Print what is known; status 0: nothing, 1: something, 2: nobody could be asked."""
    root = Path(__file__).resolve().parent.parent
    report = root / "build" / "audit.json"
    report.parent.mkdir(exist_ok=True)
    lock = root / "requirements.lock"
    said = ((name, asked(database, lock, report)) for database, name in DATABASES.items())
    name, answered = next((one for one in said if one[1]), ("", []))
    if not answered:
        names = " and ".join(DATABASES.values())
        print(f"no database of advisories could be reached ({names}): nothing was audited")
        return 2
    known = [(one, fault) for one in answered for fault in one["vulns"]]
    for one, fault in known:
        fixed = ", ".join(fault["fix_versions"]) or "no version yet"
        print(f"{one['name']} {one['version']}: {fault['id']}, mended in {fixed}")
    print(f"{len(answered)} packages, {len(known)} known advisories ({name})")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())

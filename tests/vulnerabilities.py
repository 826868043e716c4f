"""`make audit`: every package of the lock asked for in a vulnerability database.

The database is asked over the network. What it was not asked about, or did not answer for, is not
"no known vulnerability": then this leaves with 2 and says so. 1 means that something was found.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements-dev.lock"  # holds every line of the other lock
FOUND, UNANSWERED = 1, 2


def asked(lock: Path, more: Sequence[str] = ()) -> tuple[str, str]:
    """What pip-audit printed about a lock, as JSON, and what it complained of."""
    how = ["--format=json", "--desc=off", "--progress-spinner=off", "--disable-pip"]
    command = [Path(sys.executable).with_name("pip-audit"), *how, "--require-hashes", "-r", lock]
    run = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    return run.stdout, run.stderr


def judged(printed: str, complaint: str) -> tuple[int, list[str]]:
    """The exit code, and one plain line for each thing to know."""
    try:
        packages: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except (ValueError, KeyError):
        last = complaint.strip().splitlines()[-1:] or ["it said nothing"]
        return UNANSWERED, [f"The vulnerability database could not be asked: {last[0]}"]
    found = [_finding(package, vuln) for package in packages for vuln in package.get("vulns", ())]
    mute = [str(package["name"]) for package in packages if "skip_reason" in package]
    lines = [*found, f"{len(packages) - len(mute)} packages asked for, {len(found)} findings."]
    if mute:
        lines.append(f"NOT AUDITED, the database did not answer: {len(mute)}: {', '.join(mute)}")
    return (FOUND if found else UNANSWERED if mute or not packages else 0), lines


def _finding(package: dict[str, Any], vuln: dict[str, Any]) -> str:
    mended = ", ".join(vuln["fix_versions"]) or "none yet"
    return f"{package['name']} {package['version']}: {vuln['id']}; mended in: {mended}"


def main(arguments: Sequence[str]) -> int:
    """Asks, prints, and returns the exit code; `arguments` go to pip-audit."""
    code, lines = judged(*asked(LOCK, arguments))
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

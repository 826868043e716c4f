"""Commands that keep a study whole: verify, audit, backup, restore, encrypt, retire."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from safetymon.cli.common import StudyFile, actor, app
from safetymon.errors import StorageError, UsageError

audit = typer.Typer(help="Export the audit, check an export, set the clock right (closed).")
app.add_typer(audit, name="audit")

Reports = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where the reports are (default: where written)."),
]
Head = Annotated[
    str | None,
    typer.Option(metavar="HASH", help="A hash that must be in the audit, as kept elsewhere."),
]


@app.command()
def verify(
    study: StudyFile,
    look: Annotated[
        int | None, typer.Option(metavar="N", help="Make only this look again (default: all).")
    ] = None,
    head: Head = None,
    out: Reports = None,
) -> None:
    """Check audit, store and reports for changes, and make every look again."""
    from safetymon.verify import verify as verified

    found = verified(study, datetime.now(UTC), out, look, head)
    for note in found.notes:
        print(f"note: {note}")
    whole = f"{found.acts} acts, {found.files} files of reports"
    print(f"Whole: {whole}; looks made again: {found.again}")
    print(f"Head   {found.head}")


@audit.command(name="export")
def export_audit(
    study: StudyFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file to write.")
    ] = None,
) -> None:
    """Write every act as JSON Lines; the head, to be kept elsewhere, is said on standard error."""
    from safetymon.verify import exported

    if out is not None and out.exists():
        raise UsageError(f"{out}: is there already; choose another name")
    text, head = exported(study, datetime.now(UTC), actor())
    if out is None:
        print(text, end="")
    else:
        _write(out, text)
    print(f"Head   {head}", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    """Its owner's alone: who looked when is closed."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, encoding="ascii", newline="")
    except OSError as error:
        raise StorageError.of(path, error) from error


@audit.command(name="check")
def check_audit(
    exported: Annotated[Path, typer.Argument(metavar="FILE", help="An exported audit.")],
    head: Head = None,
) -> None:
    """Check an exported audit; needs nothing but the file."""
    from safetymon.verify import check_export

    acts, last = check_export(exported, head)
    print(f"Whole: {acts} acts")
    print(f"Head   {last}")


@audit.command()
def clock(study: StudyFile) -> None:
    """Say that the clock is right now, though the last look carries a later time."""
    from safetymon.verify import accept_clock

    now = datetime.now(UTC)
    accept_clock(study, now, actor())
    print(f"Recorded: the clock is right at {now:%Y-%m-%d %H:%M:%S %Z}")


@app.command()
def backup(
    study: StudyFile,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write.")],
    out: Reports = None,
) -> None:
    """Write store, study file and reports to one file, between looks."""
    from safetymon import keeping

    files = keeping.backup(study, file, datetime.now(UTC), actor(), out)
    print(f"Wrote {file}: {files} files. Keep the key of an encrypted store elsewhere.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    study: StudyFile,
) -> None:
    """Put a backup where there is nothing of the study yet, and verify it."""
    from safetymon import keeping

    found = keeping.restore(file, study, datetime.now(UTC), actor())
    print(f"Restored and whole: {found.acts} acts, {found.looks} looks, {found.files} files")
    print(f"Head   {found.head}")


@app.command()
def encrypt(study: StudyFile) -> None:
    """Encrypt the store of a study that has begun, with the key that the study file names."""
    from safetymon import keeping

    plain = keeping.encrypted(study, datetime.now(UTC), actor())
    print(f"Encrypted. {plain} is the plain store as it was: delete it, and older copies and")
    print("backups, once `safetymon verify` has passed. Until then all of it can be read there.")


@app.command()
def retire(
    study: StudyFile,
    days: Annotated[int, typer.Option(help="Reports of looks older than this are removed.")],
    out: Reports = None,
) -> None:
    """Remove old reports; looks, their data and the audit stay."""
    from safetymon import keeping

    gone = keeping.retire(study, days, datetime.now(UTC), actor(), out)
    print(f"Removed the reports of looks: {', '.join(map(str, gone)) or 'none'}")

"""Keeping a study for years: backup, restore, encryption, retention.

A backup is one tar file: the store with its seal, the study file, the reports, and a list with the
SHA-256 of each. It is taken between looks; the key of an encrypted store is not in it.
"""

import json
import logging
import os
import shutil
import tarfile
import tempfile
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from safetymon import cipher, config, monitor, report, shelf
from safetymon.audit import AuditEvent
from safetymon.errors import DataRefusedError, StorageError, UsageError
from safetymon.monitor import STATE
from safetymon.store import encrypt, entered, opened, reserved
from safetymon.verify import Verified, strangers, verify

log = logging.getLogger(__name__)

WAIT_S = 600.0
"""How long a backup, or an encryption, waits for a look to end."""
_LIST = "safetymon-backup.json"
_FORMAT = "safetymon/backup/1"


def backup(study_file: Path, to: Path, now: datetime, actor: str, out: Path | None = None) -> int:
    """Writes all there is of a study to one file, which must not be there; the number of files.

    Args:
        study_file: The study file.
        to: The backup.
        now: The time.
        actor: Who asks for it.
        out: Where the reports are; None: where they were written.

    Raises:
        UsageError: `to` is there already, or no look has been made.
        StudyBusyError: A look does not end.
        StorageError: The disk refuses; no half backup is left.
    """
    study, folder = monitor.made(study_file)
    if to.exists():
        raise UsageError(f"{to}: is there already; choose another name")
    with reserved(folder, study.study.id, WAIT_S) as path:
        with entered(path, now, cipher.key(study, study_file.parent)) as store:
            with store.transaction():
                store.record_act(AuditEvent(now, actor, "backup", to.name))
            reports = shelf.of(
                store.acts(), study_file.parent, out / study.study.id if out else None
            )
            foreign = strangers(store, _roots(reports))
        files = {
            "study.toml": study_file,
            f"{STATE}/{path.name}": path,
            f"{STATE}/{path.name}.sha256": path.with_name(f"{path.name}.sha256"),
            **_reports(reports, foreign),
        }
        _pack(to, study.study.id, files)
    return len(files)


def _roots(reports: shelf.Shelf) -> set[Path]:
    return {reports.root(number) for number in reports.folders}


def _reports(reports: shelf.Shelf, foreign: Collection[Path]) -> dict[str, Path]:
    """Every file in the trees of reports, by its name in a backup.

    Not what is `foreign` there: with it, no restored study would pass `verify`.
    """
    roots = _roots(reports)
    for path in foreign:
        log.warning("%s: was written by no look on record; it is not in the backup", path)
    if len(roots) > 1:
        places = " and ".join(sorted(map(str, roots)))
        raise UsageError(f"the reports are in several folders ({places}); move them into one, and "
                         "say which with --out")  # fmt: skip
    return {
        f"reports/{path.relative_to(root)}": path
        for root in roots
        for tree in report.TREES
        for path in sorted((root / tree).rglob("*"))
        if path.is_file() and not {path, *path.parents}.intersection(foreign)
    }


def _pack(to: Path, study_id: str, files: dict[str, Path]) -> None:
    aside = to.with_name(f".{to.name}.part")
    try:
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                _add(tar, _LIST, _list(study_id, files))
                for name, path in files.items():
                    tar.add(path, name, recursive=False, filter=_plain)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(to)
    except OSError as error:
        raise StorageError.of(to, error) from error
    finally:
        aside.unlink(missing_ok=True)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names and numbers of the users of this machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _list(study_id: str, files: dict[str, Path]) -> bytes:
    hashes = {name: _sha256(path) for name, path in files.items()}
    return json.dumps({"format": _FORMAT, "study": study_id, "files": hashes}, indent=1).encode()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, BytesIO(content))


def restore(packed: Path, study_file: Path, now: datetime, actor: str) -> Verified:
    """Puts a backup where there is nothing of the study yet, and verifies it.

    The study file is taken from the backup if there is none. Nothing stays of a backup that does
    not pass.

    Raises:
        UsageError: The study is there already, or the study file is of another study.
        DataRefusedError: The backup was changed, or is no backup.
        StorageError: The disk refuses.
    """
    target = study_file.parent
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".restore-") as name:
            aside = Path(name)
            listed = _unpack(packed, aside)
            placed = _places(listed["study"], aside, study_file)
            _refuse_other(listed["study"], study_file, [path for _, path in placed])
            try:
                for source, path in placed:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    source.rename(path)
                return _accepted(study_file, listed["study"], now, actor)
            except BaseException:
                for _, path in placed:
                    _remove(path)
                raise
    except OSError as error:
        raise StorageError.of(error.filename or packed, error) from error


def _places(study_id: str, aside: Path, study_file: Path) -> list[tuple[Path, Path]]:
    """(unpacked, its place) of what a backup holds; the study file only if there is none."""
    target = study_file.parent
    store = f"{study_id}.duckdb"
    wanted = [
        *((aside / STATE / name, target / STATE / name) for name in (store, f"{store}.sha256")),
        *(
            (aside / "reports" / tree, target / "reports" / study_id / tree)
            for tree in report.TREES
        ),
    ]
    if not study_file.exists():
        wanted.append((aside / "study.toml", study_file))
    return [(source, path) for source, path in wanted if source.exists()]


def _refuse_other(study_id: str, study_file: Path, places: list[Path]) -> None:
    if study_file.exists() and config.load(study_file).study.id != study_id:
        raise UsageError(f"{study_file.name}: is of another study; the backup is of {study_id}")
    for path in places:
        if path.exists():
            raise UsageError(f"{path}: is there already; move it away before the backup goes there")


def _accepted(study_file: Path, study_id: str, now: datetime, actor: str) -> Verified:
    study = config.load(study_file)
    key = cipher.key(study, study_file.parent)
    with opened(study_file.parent / STATE, study_id, now, key) as store, store.transaction():
        detail = {"folder": f"reports/{study_id}"}
        store.record_act(AuditEvent(now, actor, "restore", study_id, detail))
    return verify(study_file, now)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _unpack(packed: Path, aside: Path) -> dict[str, Any]:
    """The list of a backup; its files are below `aside`, each found to be what was packed."""
    try:
        with tarfile.open(packed, "r:") as tar:
            listed = json.load(tar.extractfile(_LIST) or BytesIO())
            if listed["format"] != _FORMAT:
                raise DataRefusedError(
                    f"{packed.name}: is a backup of a newer safetymon; update it"
                )
            for name, digest in listed["files"].items():
                _put(aside, name, tar.extractfile(name), digest, packed)
            return dict(listed)
    except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError) as error:
        raise DataRefusedError(f"{packed.name}: is no whole backup of safetymon") from error


def _put(aside: Path, name: str, content: IO[bytes] | None, digest: str, packed: Path) -> None:
    path = (aside / name).resolve()
    if content is None or not path.is_relative_to(aside.resolve()):
        raise DataRefusedError(f"{packed.name}: {name} in it is no file of a study")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)
    if _sha256(path) != digest:
        raise DataRefusedError(f"{packed.name}: {name} in it was changed")
    everybody = name.startswith("reports/open/")
    path.chmod(0o644 if everybody else 0o600)
    for folder in path.parents:
        if folder == aside.resolve():
            break
        folder.chmod(0o755 if everybody else 0o700)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def encrypted(study_file: Path, now: datetime, actor: str) -> Path:
    """Encrypts the store of a study that has begun; the plain copy that its owner is to delete.

    Raises:
        UsageError: There is no key, the store is encrypted already, or no look has been made.
        StudyBusyError: A look does not end.
        DataRefusedError: The store is not what its audit says.
        StorageError: The disk refuses.
    """
    study, folder = monitor.made(study_file)
    key = cipher.key(study, study_file.parent)
    if key is None:
        raise UsageError(
            f"{study_file.name}: there is no key; name its file as encryption_key_file under "
            f"[store], or set {cipher.VARIABLE}"
        )
    with reserved(folder, study.study.id, WAIT_S) as path:
        return encrypt(path, key, now, actor)


def retire(
    study_file: Path, days: int, now: datetime, actor: str, out: Path | None = None
) -> list[int]:
    """Removes the reports of looks made more than `days` days ago; never that of the last look.

    Looks themselves are never deleted: cut, definitions, verdicts and audit stay, and `verify`
    still makes the look again. Each removal is an act of the audit before it
    happens, so that one that is interrupted is carried on the next time.

    Returns:
        The numbers of the looks whose report is gone now and was not before.

    Raises:
        UsageError: No look has been made, or `days` is less than 1.
        StudyBusyError: Another process holds the study.
        StorageError: The disk refuses.
    """
    if days < 1:
        raise UsageError(f"--days {days}: give at least 1")
    study, folder = monitor.made(study_file)
    key = cipher.key(study, study_file.parent)
    gone = []
    with opened(folder, study.study.id, now, key) as store:
        reports = shelf.of(store.acts(), study_file.parent, out / study.study.id if out else None)
        for number in store.looks()[:-1]:
            stored = store.stored(number)
            if number not in reports.folders or now - stored.look.run_at <= timedelta(days=days):
                continue
            name = stored.look.folder(stored.cut.cutoff)
            there = [p for t in report.TREES if (p := reports.root(number) / t / name).exists()]
            if there:
                with store.transaction():
                    event = AuditEvent(now, actor, "retire", str(number), {"days": days})
                    store.record_act(event)
                for path in there:
                    shutil.rmtree(path)
                gone.append(number)
    return gone

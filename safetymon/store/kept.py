"""The looks of a store read back: what each was made of, what it said, what the next is held to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from safetymon.domain import Cut, Extract, Finding, InputFile, Look, Presented, Stored
from safetymon.errors import UsageError
from safetymon.store.due import DueTimes


@dataclass(frozen=True, slots=True)
class Kept(DueTimes):
    """The part of a store that answers for looks that were made."""

    def looks(self) -> list[int]:
        """The numbers of all looks, oldest first."""
        return [number for (number,) in self._rows("look/numbers")]

    def stored(self, number: int) -> Stored:
        """A look as it is kept.

        Raises:
            UsageError: There is no look of that number.
        """
        rows = self._read("look/stored", number=number).to_dicts()
        if not rows:
            raise UsageError(f"look {number}: has not been made")
        (row,) = rows
        at = datetime.fromisoformat(row["run_at"])
        return Stored(
            Look(number, at, row["definitions_sha256"], json.loads(row["versions"])),
            Cut(row["cut"], row["cutoff"], self.inputs(row["extract"])),
            Extract(row["extract"], row["reading"]),
            row["study"],
            Presented(
                row["title"], row["data_until"], row["as_of"], row["closed_sha256"],
                row["open_sha256"],
            ),
            self.stale(number),
        )  # fmt: skip

    def inputs(self, extract: str) -> tuple[InputFile, ...]:
        """The files of an extract, as they were read."""
        rows = self._read("cut/read_inputs", extract=extract).to_dicts()
        return tuple(InputFile(**row) for row in rows)

    def stale(self, number: int) -> tuple[Finding, ...]:
        """In what way the data of a look were stale (`freshness`)."""
        rows = self._read("look/staleness", look=number).to_dicts()
        return tuple(Finding(**row) for row in rows)

    def last_look(self) -> tuple[int, datetime] | None:
        """The number of the look made last, and when; None: none was made."""
        rows = self._rows("look/last")
        return (rows[0][0], datetime.fromisoformat(rows[0][1])) if rows else None

    def clock_set_right(self) -> datetime | None:
        """When somebody said, after the last look, that the clock is right; None: nobody did."""
        ((at,),) = self._rows("audit/clock")
        return datetime.fromisoformat(at) if at else None

    def last_whole(self, losses: tuple[str, str, str]) -> tuple[int, str, date] | None:
        """The last look without one of these checks: its number, its extract, its latest date."""
        older, fewer, gone = losses
        rows = self._rows("look/last_whole", older=older, fewer=fewer, gone=gone)
        return rows[0] if rows else None

    def unchanged_since(self, inputs: Sequence[InputFile]) -> datetime | None:
        """When files with the content of these were first read; None: never before."""
        files = sorted((i.role, i.sha256) for i in inputs)
        content = "; ".join(f"{role} {sha256}" for role, sha256 in files)
        ((since,),) = self._rows("cut/unchanged_since", content=content)
        return datetime.fromisoformat(since) if since else None

    def unfinished(self) -> list[int]:
        """The looks that were interrupted before their report was on record, oldest first."""
        return [number for (number,) in self._rows("look/unfinished")]

    def report_files(self, number: int) -> dict[str, dict[str, str]]:
        """The SHA-256 of each file of a look's report, by tree and path; empty: none is kept."""
        files: dict[str, dict[str, str]] = {}
        for tree, path, sha256 in self._rows("look/report_files", look=number):
            files.setdefault(tree, {})[path] = sha256
        return files

    def report_folder(self) -> str | None:
        """The folder that the last reports were put into, as recorded; None: there are none."""
        rows = self._rows("audit/report_folder")
        return str(json.loads(rows[0][0])["folder"]) if rows else None

    def index_hashes(self) -> dict[str, str]:
        """The SHA-256 of each tree's list of looks as last written, by "index TREE"."""
        rows = self._rows("audit/last_report")
        found = json.loads(rows[0][0]) if rows else {}
        return {key: value for key, value in found.items() if key.startswith("index ")}

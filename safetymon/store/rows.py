"""A connection that asks the questions of `queries/` and hands frames over: no SQL of its own."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import polars as pl

from safetymon.errors import StorageError
from safetymon.sql import query


class Stream:
    """Hands an Arrow stream over and nothing else, so that neither library looks further.

    A bare relation or frame would be recognised by type, which needs pyarrow in places and keeps
    the connection alive in others.
    """

    def __init__(self, source: Any) -> None:  # noqa: ANN401 - anything with the Arrow interface
        self._source = source

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._source.__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, slots=True)
class Rows:
    """A connection to a store. Readers return frames, never relations, which would be re-run."""

    _connection: duckdb.DuckDBPyConnection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside becomes visible at the end, or not at all.

        Raises:
            StorageError: The disk refuses.
        """
        self._connection.begin()
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # beyond use: what went wrong is on its way already
                self._connection.rollback()
            raise
        try:
            self._connection.commit()
        except duckdb.Error as error:
            raise StorageError(
                "the store could not be written, nothing of it was kept; see to the disk, then run "
                "it again: what was stored before stands"
            ) from error

    def _run(self, name: str, **parameters: str | int | date | None) -> None:
        self._connection.execute(query(name), parameters or None)

    def _insert(self, name: str, frame: pl.DataFrame, **parameters: str | int) -> None:
        if frame.is_empty():
            return
        self._connection.register("rows", Stream(frame))
        self._run(name, **parameters)
        self._connection.unregister("rows")

    def _read(self, name: str, **parameters: str | int | date | None) -> pl.DataFrame:
        relation = self._connection.sql(query(name), params=parameters or None)
        return pl.DataFrame(Stream(relation))

    def _rows(self, name: str, **parameters: str | int | date | None) -> list[tuple[Any, ...]]:
        # A frame of a row or two would cost as much as the question.
        return self._connection.execute(query(name), parameters or None).fetchall()

    def _count(self, name: str, **parameters: str | int) -> int:
        ((number,),) = self._rows(name, **parameters)
        return int(number)

"""Bytes -> UTF-8, and names that may not repeat: what the file formats share."""

from safetymon.errors import DataRefusedError

OLD = "cp1252"
OLD_NOTE = "read as Windows-1252, because it is not UTF-8"
_BOM_8, _BOMS_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


def utf8(data: bytes, name: str) -> tuple[bytes, str | None]:
    """The text as UTF-8 without a byte order mark, and a note if it was not.

    Raises:
        DataRefusedError: It is neither UTF-8, nor marked as UTF-16, nor Windows-1252, nor text.
    """
    text, note = _decoded(data, name)
    if b"\0" in text:
        raise DataRefusedError(f"{name}: holds NUL bytes, so it is not text; export it as UTF-8")
    return text, note


def _decoded(data: bytes, name: str) -> tuple[bytes, str | None]:
    if data.startswith(_BOM_8):
        data = data[len(_BOM_8) :]
    try:
        if data.startswith(_BOMS_16):
            return data.decode("utf-16").encode(), None
        if not data.isascii():
            data.decode("utf-8")
    except UnicodeDecodeError:
        return _from_windows(data, name), OLD_NOTE
    return data, None


def _from_windows(data: bytes, name: str) -> bytes:
    try:
        return data.decode(OLD).encode()
    except UnicodeDecodeError as error:
        raise DataRefusedError(
            f"{name}: byte {error.start + 1} is neither UTF-8 nor Windows-1252; export it as UTF-8"
        ) from error


def refuse_repeated(names: list[str], file: str) -> None:
    """Raises `DataRefusedError` if two columns have one name: nobody knows which is meant.

    It tells their places, not the name: without a header it would be a patient's value.
    """
    first: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if name in first:
            raise DataRefusedError(
                f"{file}: columns {first[name]} and {place} have one name; rename or remove one"
            )
        first[name] = place

"""A TOML file as a validated model: every error is one line that names file and key."""

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from safetymon.errors import UsageError

M = TypeVar("M", bound=BaseModel)

_UNKNOWN = "extra_forbidden"

# What pydantic calls a problem, said the way its user would.
_PLAIN = {
    "missing": "is missing; add it",
    "string_pattern_mismatch": "may hold only letters, digits, '.', '_' and '-' (64 at most)",
}


def parsed(path: Path, kind: str, remedy: str) -> dict[str, Any]:
    """What a TOML file holds; `kind` is what a user calls it, `remedy` how to get one.

    Raises:
        UsageError: The file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such {kind}; {remedy}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name}: is not valid TOML: {error}") from error
    except (ValueError, RecursionError):  # a number of 4,301 digits, a thousand open brackets
        raise UsageError(
            f"{path.name}: a number is too long or brackets are too deep to be read; correct it"
        ) from None


def validated(raw: dict[str, Any], model: type[M], path: Path, kind: str) -> M:
    """The values of a file as `model`.

    Raises:
        UsageError: A key is unknown, missing or wrong: the first, unknown ones before others (what
            is missing is often there, misspelt), and how many more there are.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"{path.name}: {_in_plain_words(error, raw, model, kind)}") from error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like a wrong one, as the end of an error; "" if none does."""
    alike = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), alike, n=1, cutoff=0.5)
    return f"; did you mean '{alike[close[0]]}'?" if close else ""


def _in_plain_words(
    error: ValidationError, raw: dict[str, Any], model: type[BaseModel], kind: str
) -> str:
    problems = error.errors(include_url=False)
    first, *rest = sorted(problems, key=lambda problem: problem["type"] != _UNKNOWN)
    where = _place(first["loc"], raw)
    if first["type"] == _UNKNOWN:
        what = f"is not a key of a {kind}{_nearest(first['loc'], model)}"
    else:
        what = _PLAIN.get(first["type"], f"{first['msg'][0].lower()}{first['msg'][1:]}")
    more = f" (and {len(rest)} more)" if rest else ""
    return f"{where}: {what}{more}"


def _place(location: tuple[int | str, ...], raw: dict[str, Any]) -> str:
    """A place in the file as its user counts: "rule 1 (nausea): limit", "evidence.alpha"."""
    words, here, join = "", raw, ""
    for part in _without_method(location, raw):
        here = _at(here, part)
        if isinstance(part, int):
            words, join = f"{words} {part + 1}{_called(here)}", ": "
        else:
            words, join = f"{words}{join}{part}", "."
    return words


def _without_method(location: tuple[int | str, ...], raw: dict[str, Any]) -> tuple[int | str, ...]:
    """A place without the method that pydantic puts after a table's number: no key of the file."""
    if len(location) > 2 and isinstance(location[1], int):
        table = _at(_at(raw, location[0]), location[1])
        if location[2] == _at(table, "method"):
            return (*location[:2], *location[3:])
    return location


def _at(value: Any, part: int | str) -> Any:  # noqa: ANN401 - what TOML can hold
    """What lies at a key or number; None where nothing does."""
    try:
        return value[part]
    except (LookupError, TypeError):
        return None


def _called(table: Any) -> str:  # noqa: ANN401 - what TOML can hold
    """What a user knows one of several tables by."""
    names = (_at(table, key) for key in ("name", "topic", "file"))
    name = next((n for n in names if isinstance(n, str) and n.isprintable()), None)
    return f" ({name})" if name else ""


def _nearest(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    names = _keys_at(location[:-1], model)
    return did_you_mean(str(location[-1]), names) or f"; valid keys: {', '.join(names)}"


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys that are valid at a place in the file, by walking the models."""
    models = [model]
    for part in location:
        field = models[0].model_fields.get(str(part))
        inner = _models_in(field.annotation) if field and len(models) == 1 else []
        models = [m for m in models if _is_tagged(m, part)] or inner or models
    return [field.alias or name for name, field in models[0].model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any type expression
    """The models of a type: several where one of them is chosen by its `method`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for a in getattr(annotation, "__args__", ()) for model in _models_in(a)]


def _is_tagged(model: type[BaseModel], part: int | str) -> bool:
    """Whether `part` is a method of a model: where models differ by it, it is part of the place."""
    method = model.model_fields.get("method")
    return method is not None and part in get_args(method.annotation)

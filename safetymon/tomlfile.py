"""A TOML file as a validated model: every error is one line that names file and key."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from safetymon.errors import UsageError

M = TypeVar("M", bound=BaseModel)

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
        UsageError: A key is unknown, missing or wrong: the first, and how many more there are.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise UsageError(f"{path.name}: {_in_plain_words(error, model, kind)}") from error


def _in_plain_words(error: ValidationError, model: type[BaseModel], kind: str) -> str:
    first, *rest = error.errors(include_url=False)
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        what = f"is not a key of a {kind}{_nearest(first['loc'], model)}"
    else:
        what = _PLAIN.get(first["type"], f"{first['msg'][0].lower()}{first['msg'][1:]}")
    more = f" (and {len(rest)} more)" if rest else ""
    return f"{where}: {what}{more}"


def _nearest(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    names = _keys_at(location[:-1], model)
    close = difflib.get_close_matches(str(location[-1]), names, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; valid keys: {', '.join(names)}"


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys that are valid at a place in the file, by walking the models."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(a) for a in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)

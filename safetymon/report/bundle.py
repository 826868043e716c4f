"""The Vega library as one script, kept between looks: making it costs a second of every process.

vl-convert carries Vega inside, so nothing is fetched. The kept copy bears its SHA-256 in its name
and is used only if its content still has it.
"""

import os
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path


def load(environ: Mapping[str, str]) -> str:
    """The script: from the cache, else made anew and, where the folder can be written, cached."""
    folder = cache_folder(environ)
    prefix = f"vega-{version('vl-convert-python')}-"
    script = _cached(folder, prefix) if folder else None
    if script is None:
        script = _made()
        if folder:
            _keep(folder, prefix, script)
    return script


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """SAFETYMON_CACHE, else safetymon/ in XDG_CACHE_HOME or ~/.cache; None without a home."""
    if own := environ.get("SAFETYMON_CACHE"):
        return Path(own)
    # The XDG specification: a relative path is invalid and is to be ignored.
    if (shared := environ.get("XDG_CACHE_HOME", "")) and Path(shared).is_absolute():
        return Path(shared) / "safetymon"
    home = environ.get("HOME", "")
    return Path(home) / ".cache" / "safetymon" if home else None


def private_folder(environ: Mapping[str, str]) -> Path | None:
    """The cache folder if it is ours alone: what is kept there is run. None where it is not."""
    folder = cache_folder(environ)
    try:
        if folder is None:
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError:
        return None
    ours = found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if ours and os.access(folder, os.W_OK) else None


def _made() -> str:
    import vl_convert  # noqa: PLC0415 - loads a browser engine; a warm cache does without

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _cached(folder: Path, prefix: str) -> str | None:
    """The first kept copy whose content has the SHA-256 of its name."""
    try:
        for path in sorted(folder.glob(f"{prefix}*.js")):
            content = path.read_bytes()
            if path.name == _name(prefix, content):
                return content.decode()
    except OSError:  # a cache that cannot be read is no cache
        return None
    return None


def _keep(folder: Path, prefix: str, script: str) -> None:
    """Write whole or not at all, for the owner only. A cache that cannot be written is no error."""
    content = script.encode()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".vega-")  # made with mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(folder / _name(prefix, content))
    except OSError:
        return


def _name(prefix: str, content: bytes) -> str:
    return f"{prefix}{sha256(content).hexdigest()}.js"

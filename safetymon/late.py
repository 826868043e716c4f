"""Parts of libraries that a look seldom uses, imported at their first use by whoever needs them.

Importing takes longer than anything else that a look does, and much of it is for uses that are not
ours: Altair's access to data frames, data sets and themes, what Polars has for lakes and
clipboards, the documentation of NumPy. Polars puts off in this way the libraries that it may need;
the standard library's `LazyLoader` would run a package as soon as one of its parts is imported.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

WAITING: Mapping[str, tuple[str, ...]] = {
    "altair.datasets": (),
    "altair.theme": (),
    "altair.utils.html": ("spec_to_html",),
    "attr.converters": (),
    "attr.filters": (),
    "attr.validators": (),
    "attrs.converters": (),
    "attrs.filters": (),
    "attrs.validators": (),
    "narwhals": (),
    "narwhals.stable": (),
    "narwhals.stable.v1": (),
    "numpy._core._add_newdocs": (),
    "numpy._core._add_newdocs_scalars": (),
    "polars.io.clipboard": ("read_clipboard",),
    "polars.io.database": ("read_database", "read_database_uri"),
    "polars.io.delta": ("read_delta", "scan_delta"),
    "polars.io.iceberg": ("delete_iceberg", "scan_iceberg"),
    "polars.io.lance": ("scan_lance",),
    "polars.io.spreadsheet": ("read_excel", "read_ods"),
    "scipy.special": (),
}
"""What waits, and its functions that others take from it without calling them yet.

A library without such a part is imported as ever: nothing asks for it then.
"""

# A lock over foreign code: two threads must not begin to import at the same time, as none here do.
_one_at_a_time = RLock()
_running: set[str] = set()


def postpone() -> None:
    """Puts off the import of what is in `WAITING`; what has been imported already stays."""
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds what Python finds, and has it wait."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in WAITING else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Later(spec.loader)
        return spec


class _Later(Loader):
    """Makes a module that has its name, place and path, so that its parts can be imported."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Waiting

    def run(self, module: ModuleType) -> None:
        """Runs the module, which from then on is like any other; one that fails still waits."""
        _running.add(module.__name__)
        try:
            self.loader.exec_module(module)
        finally:
            _running.discard(module.__name__)
        module.__class__ = ModuleType
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader


class _Waiting(ModuleType):
    """A module that runs when it is first asked for something that it does not have yet."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        if name == "__path__":  # whoever imports from it asks whether it is a package
            raise AttributeError(name)
        if name in WAITING[self.__name__] and self.__name__ not in _running:
            return lambda *args, **named: _asked(self, name)(*args, **named)  # noqa: PLW0108 - later
        return _asked(self, name)


def _asked(module: ModuleType, name: str) -> Any:  # noqa: ANN401 - whatever the module has
    with _one_at_a_time:
        if module.__name__ in _running:  # it asks itself: what it does not have is missing
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        if isinstance(module.__loader__, _Later):  # nobody was faster
            module.__loader__.run(module)
    return getattr(module, name)

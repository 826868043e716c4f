"""Parts of NumPy that a look does not use, imported at their first use by whoever needs them."""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

import numpy as np

UNUSED = ("char", "f2py", "ma", "polynomial", "random", "testing")
"""What `scipy.special` pulls in by asking NumPy for every name it has, at a third of its time."""


def postpone(names: tuple[str, ...] = UNUSED) -> None:
    """Puts off the import of parts of NumPy to their first use, by the standard library's means.

    A part that has been imported already, or that this NumPy does not have, is left alone.
    """
    for name in names:
        path = f"numpy.{name}"
        spec = None if path in sys.modules else find_spec(path)
        if spec is None or spec.loader is None:
            continue
        spec.loader = LazyLoader(spec.loader)
        module = module_from_spec(spec)
        sys.modules[path] = module
        spec.loader.exec_module(module)
        setattr(np, name, module)

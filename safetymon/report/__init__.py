"""Numbers -> charts -> page -> file: what the board reads, written whole or not at all.

`write` is the only door. Importing this room is cheap; Altair and Jinja2 are imported when a page
is made.
"""

from safetymon.report.files import Written, write

__all__ = ["Written", "write"]

"""Numbers -> charts -> page -> file: what the board reads, written whole or not at all.

`write` is the only way in. Importing this room is cheap; Altair and Jinja2 are imported when a page
is made.
"""

from safetymon.report.files import TREES, Written, hashes, sweep, taken, write

__all__ = ["TREES", "Written", "hashes", "sweep", "taken", "write"]

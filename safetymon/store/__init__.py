"""The study's store, and the only importer of duckdb.

Every writer takes an `AuditEvent` and records it in the transaction of what it writes. Readers
return Polars frames. One process at a time holds a store.
"""

from safetymon.store.encrypting import encrypt
from safetymon.store.looks import Store
from safetymon.store.opening import entered, opened, reserved

__all__ = ["Store", "encrypt", "entered", "opened", "reserved"]

"""The room where files become accepted rows, rejected rows with their rule, and provenance."""

from safetymon.listings.reading import read

__all__ = ["read"]

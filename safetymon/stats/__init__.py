"""Statistical methods: arrays in, arrays out; no frames, no files, no clock, no randomness."""

from safetymon.stats.lazily import postpone

postpone()  # before any of its modules asks for scipy.special

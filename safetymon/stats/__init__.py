"""Statistical methods: arrays in, arrays out; no frames, no files, no clock, no randomness."""

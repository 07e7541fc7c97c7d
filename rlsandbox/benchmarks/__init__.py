"""Benchmarks: ratios measured within one run. A file here with a function `run` is a benchmark."""

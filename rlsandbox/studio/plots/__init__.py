"""Curves of runs: what is drawn of them, and the panel that draws it."""

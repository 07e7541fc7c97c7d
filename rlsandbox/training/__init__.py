"""The loop, and what is counted, kept and compared about it; knows no Qt."""

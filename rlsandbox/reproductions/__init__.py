"""Published figures, made anew by the public engine: one file a figure."""

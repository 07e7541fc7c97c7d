"""What stands in the place of the canvas where nothing is drawn: an environment's pictures, and a map of its states."""

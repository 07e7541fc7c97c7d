"""What stands in the place of the canvas where nothing is drawn: pictures, and a map of states."""

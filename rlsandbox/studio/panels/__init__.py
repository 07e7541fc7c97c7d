"""The panels beside the canvas: plain widgets, values in and signals out."""

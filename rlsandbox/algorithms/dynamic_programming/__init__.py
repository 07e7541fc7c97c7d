"""Dynamic programming."""

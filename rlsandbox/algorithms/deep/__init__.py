"""Deep learning."""

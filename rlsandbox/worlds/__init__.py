"""What an agent lives in: drawn worlds, their rules, their exact model and their Gymnasium faces."""

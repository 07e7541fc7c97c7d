"""The desktop studio: the only room that knows Qt."""

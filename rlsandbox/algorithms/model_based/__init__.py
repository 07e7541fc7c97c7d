"""Learned models and planning."""

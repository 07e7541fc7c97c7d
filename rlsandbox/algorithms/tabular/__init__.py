"""Temporal-difference control."""

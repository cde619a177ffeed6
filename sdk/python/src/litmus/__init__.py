"""Litmus for Python services."""

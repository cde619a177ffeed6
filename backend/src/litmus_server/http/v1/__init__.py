"""The canonical API."""

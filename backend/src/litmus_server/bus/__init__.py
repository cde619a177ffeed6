"""Hints between processes: «version N exists», nothing more."""

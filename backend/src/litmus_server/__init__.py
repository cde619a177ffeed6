"""Litmus: decide, log, learn, report, act."""

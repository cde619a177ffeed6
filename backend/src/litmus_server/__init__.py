"""Litmus, the server: decide, log, learn, report, act."""

VERSION = "0.1.0"

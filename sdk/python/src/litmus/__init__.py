"""Litmus for Python services: ask which variant a unit gets, log what happened.

Importing `litmus.decide` alone loads the standard library only: the client, and with it httpx2, comes on first use.
"""

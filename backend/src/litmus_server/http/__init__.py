"""Doors: authenticate, translate, one service call, translate back."""

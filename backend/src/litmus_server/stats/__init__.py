"""Inference from moments; knows nothing of experiments, databases or time."""

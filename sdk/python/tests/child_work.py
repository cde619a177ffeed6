"""What a child of `multiprocessing` does in the tests; a module of its own, since spawned children import it."""

from litmus import ExperimentClient


def work(url: str, unit: str) -> None:
    ExperimentClient(url, flush_interval_seconds=60).track("m", unit)

"""The tutorial of the live bandit, command by command, as printed."""

from __future__ import annotations

import json
import re
import subprocess

import httpx2
import pytest
from mission.printed import ROOT, commands, run
from serving import Served
from websockets.sync.client import connect

_START, _SIMULATE, _WITH_TOKEN, _TUNED, STOP = commands("live_bandit_tutorial.sh")


@pytest.fixture(scope="module")
def transcript(litmus: Served) -> str:
    """What the simulator prints when it is run with the printed options: 2,500 units, which arrive faster than by default."""
    return run(f"{_TUNED.strip()} --rate 125", litmus)


@pytest.fixture(scope="module")
def experiment(transcript: str) -> str:
    found = re.search(r"^experiment .* id (\S+)$", transcript, re.MULTILINE)
    assert found, transcript
    return found[1]


@pytest.mark.slow
def test_the_simulator_reports_as_printed(transcript: str) -> None:
    """A `live_snapshot` every 25 units with top variant and win probability; at the end, how to stop."""
    snapshots = [line for line in transcript.splitlines() if line.startswith("live_snapshot ")]
    assert [re.search(r" units=(\d+) ", line)[1] for line in snapshots] == [  # type: ignore[index]
        str(units) for units in range(25, 2501, 25)
    ]
    assert all(re.search(r" top=\w+ win_probability=[01]\.\d+ ", line) for line in snapshots)
    assert "of 2500 units got the best model" in transcript
    assert "manual_kill_required" in transcript


@pytest.mark.slow
def test_traffic_moves_to_the_better_models(transcript: str) -> None:
    """An equal split of 2,500 units loses 240 orders; the chance that the bandit loses as much is nil."""
    lost = re.search(r"loses 240 against the best model, the bandit lost (\d+)", transcript)
    assert lost, transcript[-3000:]
    assert int(lost[1]) < 200


@pytest.mark.slow
def test_convergence_is_reported_with_the_way_to_stop(litmus: Served) -> None:
    """A threshold that some model reaches for sure, however the dice fall."""
    tuned = (
        _TUNED.replace("2500", "1000").replace("0.92", "0.4").replace("variant 80", "variant 20 --rate 250")
    )
    said = run(tuned, litmus)
    converged = re.search(r"^converged top=(\w+) win_probability=(\S+) exposures=(\d+)", said, re.MULTILINE)
    assert converged, said
    assert float(converged[2]) >= 0.4
    assert int(converged[3]) >= 20
    assert said.count("converged top=") == 1
    instructions = said[converged.end() :].partition("\nlive_snapshot ")[0]
    assert "manual_kill_required" in instructions
    assert re.search(r"curl -s -X POST \S+/api/v1/experiments/[0-9a-f-]{36}/stop", instructions)
    assert '{"actor":"tutorial.user","reason":"convergence reached"}' in instructions


@pytest.mark.slow
def test_the_simulator_prints_the_addresses_of_the_experiment(transcript: str, experiment: str) -> None:
    addresses = re.findall(r"(?:http|ws)://\S+", transcript)
    assert any(each.endswith(f"/experiments/{experiment}") for each in addresses)
    assert any(f"/experiments/{experiment}/results" in each for each in addresses)
    assert any(each.startswith("ws://") and each.endswith("/live") for each in addresses)


@pytest.mark.slow
def test_every_address_that_the_simulator_prints_answers(transcript: str) -> None:
    for address in {each.rstrip("\\ ") for each in re.findall(r"http://\S+", transcript)}:
        if not address.endswith("/stop"):
            assert httpx2.get(address, follow_redirects=True).status_code == 200, address


@pytest.mark.slow
def test_the_posterior_is_there_to_be_watched(litmus: Served, experiment: str) -> None:
    """`alpha`, `beta`, `expected_rate` and `win_probability` of each of the five models."""
    bandit = httpx2.get(f"{litmus.base_url}/api/v1/experiments/{experiment}/bandit").json()
    assert len(bandit["variants"]) == 5
    for each in bandit["variants"]:
        assert each["expected_rate"] == pytest.approx(
            each["alpha"] / (each["alpha"] + each["beta"]), abs=1e-9
        )
    assert sum(each["win_probability"] for each in bandit["variants"]) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_the_live_stream_sends_reports(litmus: Served, experiment: str) -> None:
    """At once, and again two seconds later."""
    address = f"ws://localhost:{litmus.port}/api/v1/ws/experiments/{experiment}/live"
    with connect(address) as stream:
        first, second = (json.loads(stream.recv(timeout=30)) for _ in range(2))
    assert first["schema_version"] == second["schema_version"]
    assert first["experiment_id"] == experiment


@pytest.mark.slow
def test_the_kill_runs_as_printed(litmus: Served, experiment: str) -> None:
    answer = json.loads(run(STOP.replace("<id>", experiment), litmus))
    assert answer["status"] == "completed"
    trail = httpx2.get(f"{litmus.base_url}/api/v1/experiments/{experiment}/audit").text
    assert "tutorial.user" in trail
    assert "convergence reached" in trail


@pytest.mark.slow
def test_the_simulator_stops_when_the_operator_stops_the_experiment(litmus: Served) -> None:
    """Without --iterations it runs until it is stopped, here by the operator, and then says what the bandit saved."""
    command = litmus.at(f"exec {_WITH_TOKEN.strip()} --report-every 25").replace("<admin-token>", "dev-token")
    with subprocess.Popen(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True) as simulator:
        try:
            assert simulator.stdout is not None
            experiment = None
            for line in simulator.stdout:
                if found := re.match(r"experiment .* id (\S+)$", line):
                    experiment = found[1]
                if line.startswith("live_snapshot "):
                    break
            assert experiment
            run(STOP.replace("<id>", experiment), litmus)
            rest = simulator.stdout.read()
            assert simulator.wait(60) == 0
        finally:
            simulator.kill()
    assert "experiment is completed" in rest
    assert "regret = " in rest
    assert "manual_kill_required" not in rest.partition("experiment is completed")[2]

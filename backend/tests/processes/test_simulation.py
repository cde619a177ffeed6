"""`litmus simulate`: what is typed, what is printed, what is drawn, and what is refused."""

import csv
import io
import json
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from litmus_server.bandits.figure import figure, nice_ticks
from litmus_server.cli import app
from litmus_server.processes.simulation import Refusal, as_csv, as_json, compare, table
from typer.testing import CliRunner

SVG = "{http://www.w3.org/2000/svg}"


def test_rates_of_ones_own_are_compared() -> None:
    found = compare(rates="0.1,0.2", policies=["thompson_sampling", "equal_split"], runs=20, horizon=2_000)
    thompson, equal = found.curves
    assert found.equal == pytest.approx(100)
    assert equal.regret == pytest.approx(100, abs=5)
    assert thompson.regret < 50
    assert thompson.decisions[0] == 0
    assert thompson.decisions[-1] == 2_000
    assert all(low <= high for low, high in zip(thompson.low, thompson.high, strict=True))
    assert thompson.on_best > 0.7
    assert "0.1, 0.2; 2,000 decisions, 20 runs" in table(found)


def test_parameters_come_with_the_policy_and_each_policy_lives_the_same_lives_alone() -> None:
    alone = compare(environment="easy2", policies=["ucb:c=0.5"], runs=5, horizon=1_000)
    both = compare(environment="easy2", policies=["ucb", "ucb:c=0.5", "ucb"], runs=5, horizon=1_000)
    assert [curve.name for curve in both.curves] == ["ucb", "ucb:c=0.5"]
    assert both.curves[1] == alone.curves[0]
    assert both.curves[0] != alone.curves[0]


def test_json_and_csv_hold_the_curves() -> None:
    found = compare(environment="fivemodel", runs=4, horizon=500)
    document = json.loads(as_json(found))
    assert [each["name"] for each in document["policies"]] == [
        "thompson_sampling",
        "ucb",
        "epsilon_greedy:decay=1",
    ]
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    last = [row for row in rows if row["policy"] == "ucb"][-1]
    assert float(last["regret_mean"]) == document["policies"][1]["mean"][-1]
    assert int(last["decisions"]) == 500


def test_the_figure_draws_every_curve_inside_its_frame_and_covers_no_label() -> None:
    names = ["thompson_sampling", "ucb", "ucb_tuned", "top_two", "exploration_sampling", "epsilon_greedy"]
    found = compare(rates="0.1,0.1,0.3", policies=names, runs=5, horizon=500)
    root = ET.fromstring(figure(found))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    lines = root.findall(f"{SVG}polyline")
    assert len(lines) == len(names)
    for line in lines:
        points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    heights = sorted(float(circle.attrib["cy"]) for circle in root.findall(f"{SVG}circle"))
    assert all(low + 17.9 <= high for low, high in pairwise(heights))
    text = " ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert "Conversions lost" in text
    assert all(name in text for name in names)


@pytest.mark.parametrize(("top", "last"), [(0.0, 1), (1, 1), (400, 400), (430, 500), (0.07, 0.08)])
def test_ticks_are_round_and_reach_the_top(top: float, last: float) -> None:
    assert nice_ticks(top)[-1] == pytest.approx(last)


@pytest.mark.parametrize(
    ("typed", "because"),
    [
        ({}, "give --rates"),
        ({"rates": "0.1,0.2", "environment": "easy2"}, "give --rates"),
        ({"rates": "0.1;0.2"}, "numbers with commas"),
        ({"rates": "0.1"}, "2 to 100 arms"),
        ({"rates": "0.1,2"}, "between 0 and 1"),
        ({"rates": "0.1,nan"}, "between 0 and 1"),
        ({"environment": "mars"}, "no environment mars: ladder5"),
        ({"environment": "easy2", "policies": ["luck"]}, "luck is not a policy"),
        ({"environment": "easy2", "policies": ["ucb:c"]}, "name:parameter=number"),
        ({"environment": "easy2", "policies": ["ucb:d=1"]}, "takes no d"),
        ({"environment": "easy2", "floor": 0.6}, "too high"),
        ({"environment": "easy2", "floor": -0.1}, "a share from 0 to 1"),
        ({"environment": "easy2", "runs": 1}, "at least 2 runs"),
        ({"environment": "easy2", "every": 0}, "at least 1"),
        ({"environment": "easy2", "correct": "law"}, "nothing arrives late"),
        ({"environment": "slow_best", "correct": "magic"}, "nothing, estimated or law"),
        ({"environment": "easy2", "half_life": 0.0}, "positive number"),
        ({"environment": "easy2", "horizon": 10_000_000}, "fewer --runs"),
        ({"environment": "slow_best", "horizon": 0}, "horizon"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_a_sentence(typed: dict[str, object], because: str) -> None:
    with pytest.raises(Refusal, match=because):
        compare(**typed)  # type: ignore[arg-type]


def test_the_command_prints_and_draws(tmp_path: Path) -> None:
    path = tmp_path / "regret.svg"
    command = ["simulate", "--rates", "0.1,0.3", "--runs", "4", "--horizon", "300", "--svg", str(path)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "thompson_sampling" in done.stdout
    assert path.read_text(encoding="utf-8").startswith("<svg")
    refused = CliRunner().invoke(app, ["simulate", "--rates", "0.1,x"])
    assert refused.exit_code == 1
    assert "litmus: --rates are numbers" in refused.stderr
    assert CliRunner().invoke(app, [*command, "--format", "xml"]).exit_code == 1


def test_where_units_have_features_who_sees_them_loses_less() -> None:
    names = ["lints", "segmented_thompson", "thompson_sampling"]
    found = compare(environment="segments3x4", policies=names, runs=6, horizon=6_000)
    lints, segmented, blind = found.curves
    # By arithmetic: each segment's best rate less the mean of its four, by the segment's share of the units.
    lost = 0.5 * (0.12 - 0.1) + 0.3 * (0.14 - 0.1) + 0.2 * (0.12 - 0.0725)
    assert found.equal == pytest.approx(6_000 * lost, rel=0.02)
    assert found.world.rates == pytest.approx((0.092, 0.091, 0.094, 0.101), abs=0.002)
    assert max(lints.regret, segmented.regret) < 0.65 * blind.regret
    assert min(lints.on_best, segmented.on_best) > 1.5 * blind.on_best
    assert (lints.decisions[-1], len(lints.mean)) == (6_000, 81)
    assert all(later >= before for before, later in pairwise(lints.mean))
    assert "three segments" in table(found)
    assert ET.fromstring(figure(found)).findall(f"{SVG}polyline")


def test_the_examples_of_a_file_are_a_world_whose_classes_are_variants(tmp_path: Path) -> None:
    rows = [f"{x},{100 - x},{7 if x > 50 else 3}" for x in range(0, 101, 2)]
    file = tmp_path / "halves.csv"
    file.write_text("\n".join(rows))
    found = compare(classes=file, policies=["linucb:ridge=0.1", "thompson_sampling"], runs=4, horizon=1_000)
    seeing, blind = found.curves
    assert found.world.rates == pytest.approx((26 / 51, 25 / 51), abs=0.01)
    assert found.equal == pytest.approx(500)
    assert seeing.regret < 150
    assert blind.regret > 400
    assert seeing.name == "linucb:ridge=0.1"


@pytest.mark.parametrize(
    ("options", "because"),
    [
        (["--environment", "segments3x4", "--policy", "ucb"], "--policy is one of thompson_sampling, lints"),
        (["--environment", "segments3x4", "--delays", "law"], "--delays cannot be simulated"),
        (["--environment", "segments3x4", "--policy", "lints:warmth=1"], "lints takes exploration"),
        (["--environment", "segments3x4", "--policy", "lints:ridge=0"], "ridge of lints is 0.001"),
        (["--environment", "segments3x4", "--floor", "0.4"], "floor"),
        (["--environment", "segments3x4", "--runs", "5000"], "decisions are more than"),
        (["--environment", "segments3x4", "--horizon", "0"], "at least 1 decision"),
        (["--classes", "nowhere.csv"], "nowhere.csv"),
        (["--classes", "{file}", "--environment", "easy2"], "--environment cannot"),
        (["--classes", "{file}"], "classes, not 1"),
    ],
)
def test_what_no_world_with_features_is_is_refused(options: list[str], because: str, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("1,2,3\n4,5,3\n")
    refused = CliRunner().invoke(app, ["simulate", *(each.format(file=file) for each in options)])
    assert refused.exit_code != 0
    assert because in " ".join(refused.output.split())
    assert "Traceback" not in refused.output

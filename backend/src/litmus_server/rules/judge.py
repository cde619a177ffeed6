"""All rules, asked once about one observation, in the order in which they may act."""

from litmus_server.rules import bandit, guardrails, promotion, ratio
from litmus_server.rules.act import Acknowledge, Act, EndHoldback, Judgement, Promote, RaiseAlarm
from litmus_server.rules.observation import Observation


def judged(observed: Observation) -> Judgement:
    """What all rules say. Where one finds something wrong, nothing is promoted: that look is not taken."""
    found = ratio.ratio_of(observed)
    harm = guardrails.judge(observed, found)
    about_ratio = ratio.judge(observed, found)
    acts: list[Act] = list(harm.acts)
    acknowledged, waiting = list(harm.acknowledged), dict(harm.waiting)
    match about_ratio:
        case str():
            waiting["sample_ratio"] = about_ratio
        case Acknowledge():
            acknowledged.append(about_ratio)
        case _:
            acts.append(about_ratio)
    looks = observed.looks
    if any(isinstance(act, RaiseAlarm) for act in acts):
        waiting["promotion"] = "an alarm is raised"
    else:
        promoted = (bandit if observed.experiment.adaptive else promotion).judge(observed)
        match promoted:
            case Promote():
                acts.append(promoted)
                looks = promoted.look
            case EndHoldback():
                acts.append(promoted)
            case _:
                waiting["promotion"], looks = promoted
    return Judgement(tuple(acts), tuple(acknowledged), looks, waiting)

"""The same requests to MLflow's own server and to ours: the same answers, but for what `differences.py` accepts."""

import importlib
import json
import re
from pathlib import Path

import pytest
import requests

from answers import Answer, Speaker
from differences import DIFFERENCES
from server import ROOT
from steps import Step

FILES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
CASES = [(file, case) for file in FILES for case in importlib.import_module(f"cases.{file}").CASES]
SESSIONS = {who: requests.Session() for who in ("theirs", "ours")}
SHOWN: set[str] = set()


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{file}: {case.name}" for file, case in CASES])
def test_same_answers(number, theirs, ours, description):
    names = {"case": f"case{number}", "CASE": f"CASE{number}"}
    mlflow = Speaker(theirs, SESSIONS["theirs"], dict(names))
    ferroflow = Speaker(ours, SESSIONS["ours"], dict(names))
    problems = []
    for position, step in enumerate(CASES[number][1].steps, 1):
        problem = compared(step, mlflow.say(step), ferroflow.say(step)) or description.problem(ferroflow.last)
        if problem:
            problems.append(f"step {position}: {described(step)}\n{problem}")
    assert not problems, "\n\n".join(["", *problems])


def test_every_accepted_difference_is_shown():
    """After all cases."""
    assert not {difference.name for difference in DIFFERENCES} - SHOWN


def test_every_described_endpoint_has_succeeded(description):
    """After all cases: each answer was held against the description, and no endpoint was left out."""
    left_out = re.compile(r"/ferroflow/|/mlflow-artifacts/(mpu|presigned)/|/artifacts/presigned|artifacts/$|/test$|ui-telemetry|gateway|openapi")
    assert not {name for name in description.names() - description.succeeded if not left_out.search(name)}


def test_accepted_differences_are_documented():
    """docs/api.md has each of them, with the same reason."""
    rows = re.findall(r"^\| (.+?) \| (.*?) ?\|$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    assert not {(difference.name, difference.reason) for difference in DIFFERENCES} - set(rows)


def compared(step: Step, theirs: Answer, ours: Answer) -> str | None:
    """What is wrong with our answer, if anything."""
    if ours == theirs:
        return None
    accepted = [difference.name for difference in DIFFERENCES if difference.accepts(step, theirs, ours)]
    SHOWN.update(accepted)
    return None if accepted else f"  MLflow:    {shown(theirs)}\n  Ferroflow: {shown(ours)}"


def described(step: Step) -> str:
    return f"{step.method} {step.path} {dict(step.query) or ''} {step.body or ''!r:.300}"


def shown(answer: Answer) -> str:
    return f"{answer.status} {json.dumps(answer.body, ensure_ascii=False):.1500} {answer.headers}"

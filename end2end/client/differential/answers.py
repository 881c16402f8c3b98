"""Answers, made comparable: what must differ between two servers is masked, what has no order is sorted."""

import json
import re
import time
from dataclasses import dataclass, field

import requests

from steps import Step

# Lists whose order means nothing, by the field that holds them.
UNORDERED = {"tags", "params", "aliases", "latest_versions", "dataset_inputs", "model_inputs", "dataset_summaries", "data.metrics"}
HEADERS = ["content-disposition", "content-range", "accept-ranges", "x-content-type-options", "location"]
RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,4}")
IDS = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
# Where texts name an experiment by its number.
EXPERIMENTS = re.compile(r"(mlflow-artifacts:/|artifacts/|id=|with id |[Tt]he experiment |for experiment )(\d+)\b")
# What Python prints for a set of texts.
PYTHON_SET = re.compile(r"\{('[^']*'(?:, '[^']*')+)\}")
# A moment of this test, in milliseconds.
RECENT = 60 * 60 * 1000


@dataclass
class Answer:
    """An answer as it is compared: the status, and a body without what cannot be equal."""

    status: int
    body: object
    headers: dict

    @property
    def error_code(self) -> str | None:
        return self.body.get("error_code") if isinstance(self.body, dict) else None

    @property
    def message(self) -> str:
        """The sentence of an error; all of a body that is no JSON."""
        if isinstance(self.body, dict):
            return str(self.body.get("message", ""))
        return str(self.body)


@dataclass
class Speaker:
    """One server in the course of one case: what was kept of its answers, and the last of them as it came."""

    uri: str
    session: requests.Session
    kept: dict[str, object]
    seen: dict[str, str] = field(default_factory=dict)
    last: requests.Response | None = None

    def say(self, step: Step) -> Answer:
        """Sends the request, keeps what is to be kept, and masks the rest."""
        headers = {name: self._fill(text) for name, text in step.headers.items()}
        body = step.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(self._fill(body)).encode()
            headers.setdefault("Content-Type", "application/json")
        elif isinstance(body, bytes):
            body = re.sub(rb"\$(\w+)", lambda m: str(self.kept[m[1].decode()]).encode(), body)
        query = [(name, self._fill(value)) for name, value in step.query]
        request = requests.Request(step.method, self.uri, params=query, data=body, headers=headers)
        prepared = self.session.prepare_request(request)
        # As it stands: neither encoded nor tidied on the way.
        _, mark, rest = prepared.url[len(self.uri) :].partition("?")
        prepared.url = self.uri + str(self._fill(step.path)) + mark + rest
        response = self._send(prepared)
        self.last = response
        answer = self._masked(response)
        self._keep(step, response)
        return answer

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response:
        try:
            return self.session.send(prepared, timeout=60, allow_redirects=False)
        except requests.ConnectionError:
            # MLflow's server may answer a PUT before it has read it, and cut the connection.
            if prepared.method != "PUT":
                raise
            return self.session.send(prepared, timeout=60, allow_redirects=False)

    def _fill(self, value):
        if isinstance(value, dict):
            return {self._fill(name): self._fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if not isinstance(value, str):
            return value
        if value[:1] == "$" and value[1:] in self.kept:
            return self.kept[value[1:]]
        return re.sub(r"\$(\w+)", lambda m: str(self.kept[m[1]]) if m[1] in self.kept else m[0], value)

    def _keep(self, step: Step, response: requests.Response) -> None:
        for name, pointer in step.kept.items():
            found = response.json()
            for part in pointer.split("/"):
                found = found[int(part)] if isinstance(found, list) else found[part]
            self.kept[name] = found
            self.seen[str(found)] = f"<{name}>"

    def _masked(self, response: requests.Response) -> Answer:
        kind = response.headers.get("content-type", "").split(";")[0]
        headers = {name: self._text(response.headers[name]) for name in HEADERS if name in response.headers}
        if response.is_redirect:
            return Answer(response.status_code, "", headers | {"location": headers["location"].removeprefix("<uri>")})
        if not response.content:
            return Answer(response.status_code, "", headers)
        if kind == "application/json":
            return Answer(response.status_code, self._value(response.json(), ""), headers)
        if kind == "text/html" and "<" in response.text:
            return Answer(response.status_code, "<html>", headers)
        return Answer(response.status_code, self._text(response.text), headers | {"content-type": kind})

    def _value(self, value, name: str):
        if isinstance(value, dict):
            # The latest metrics of a run have no order, the history of one has.
            return {key: self._value(item, f"{name}.{key}" if key == "metrics" else key) for key, item in value.items()}
        if isinstance(value, list):
            items = [self._value(item, name) for item in value]
            return sorted(items, key=json.dumps) if name in UNORDERED else items
        if isinstance(value, str):
            return self._text(value, name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value - time.time() * 1000) < RECENT:
            return "<now>"
        return value

    def _text(self, text: str, name: str = "") -> str:
        if RANDOM_NAME.fullmatch(text):
            return "<random name>"
        if text[:1] in ("[", "{") and name == "value":
            text = _tidied(text)
        if name == "experiment_id":
            return self._experiment(text)
        if name == "next_page_token":
            return "<token>"
        text = text.replace(self.uri, "<uri>")
        text = IDS.sub(lambda m: self.seen.setdefault(m[0], f"<id {len(self.seen)}>"), text)
        text = EXPERIMENTS.sub(lambda m: m[1] + self._experiment(m[2]), text)
        return PYTHON_SET.sub(lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", text)

    def _experiment(self, number: str) -> str:
        """The n-th experiment that this case met, but for those that exist on every server, or on none."""
        if number == "0" or not number.isdigit() or len(number) > 4:
            return number
        return self.seen.setdefault(f"experiment {number}", f"<experiment {len(self.seen)}>")


def _tidied(text: str) -> str:
    """JSON inside a text, however it was spaced."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text

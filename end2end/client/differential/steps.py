"""The words in which the cases are written: a case is a name and a list of steps, a step is one request.

A text `$name` in a path, a field or a header stands for something that an earlier step of the case kept; `$case` is
there from the start, and is a name that no other case uses. `$name` alone stands for the kept value as it is.
"""

from dataclasses import dataclass, field, replace

API = "/api/2.0/mlflow/"
AJAX = "/ajax-api/2.0/mlflow/"
PROXY = "/api/2.0/mlflow-artifacts/artifacts/"


@dataclass(frozen=True)
class Step:
    """One request. `body` is sent as JSON, unless it is bytes."""

    method: str
    path: str
    query: tuple = ()
    body: object = None
    headers: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)

    def keep(self, **pointers: str) -> "Step":
        """Keeps parts of the answer under names, each found by a path such as `run/info/run_id`."""
        return replace(self, kept=pointers)


@dataclass(frozen=True)
class Case:
    name: str
    steps: list[Step]


def _at(path: str) -> str:
    return path if path.startswith("/") else API + path


def _sender(method: str):
    def send(path: str, body: object = None, /, **fields) -> Step:
        """A JSON body: the fields, or anything at all as it stands."""
        return Step(method, _at(path), body=fields if body is None else body)

    return send


POST, PATCH, DELETE, PUT = (_sender(method) for method in ("POST", "PATCH", "DELETE", "PUT"))


def GET(path: str, body: object = None, /, **query) -> Step:
    """Fields in the query string; a list repeats its name."""
    pairs = [(name, item) for name, value in query.items() for item in (value if isinstance(value, list) else [value])]
    return Step("GET", _at(path), query=tuple(pairs), body=body)


def RAW(method: str, path: str, body: bytes | None = None, **headers: str) -> Step:
    """A request as it is, with these headers alone; an underscore in a header's name stands for a dash."""
    return Step(method, _at(path), body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


def each(*steps: Step | list) -> list[Step]:
    """Flattens steps and lists of steps."""
    return [step for part in steps for step in (part if isinstance(part, list) else [part])]


def many(send, path: str, *bodies: dict, **common) -> list[Step]:
    """The same request with different fields."""
    return [send(path, **{**common, **body}) for body in bodies]


EXPERIMENT = POST("experiments/create", name="$case").keep(exp="experiment_id")
RUN = POST("runs/create", experiment_id="$exp", run_name="run", start_time=10).keep(run="run/info/run_id")
MODEL = POST("registered-models/create", name="$case")
LOGGED = POST("logged-models", experiment_id="$exp", name="net").keep(model="model/info/model_id")

"""The server's own description (`/openapi.json`), held against its answers."""

import re

import jsonschema_rs
import requests


class Description:
    """`problem` says what an answer has that the description has not; `succeeded` are the operations that answered 200."""

    def __init__(self, uri: str):
        self.document = requests.get(f"{uri}/openapi.json", timeout=30).json()
        self.operations = [
            (method.upper(), path, re.compile("/" + "/".join(_segments(path))), operation)
            for path, item in sorted(self.document["paths"].items(), key=lambda pair: pair[0].count("{"))
            for method, operation in item.items()
        ]
        self.succeeded: set[str] = set()
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def names(self) -> set[str]:
        return {f"{method} {path}" for method, path, _, _ in self.operations}

    def problem(self, response: requests.Response) -> str | None:
        """What is wrong with an answer to an operation that is described; nothing with any other."""
        method = {"HEAD": "GET"}.get(response.request.method, response.request.method)
        path = response.request.path_url.partition("?")[0].replace("/ajax-api/2.0/mlflow-artifacts/", "/api/2.0/mlflow-artifacts/")
        found = next((o for o in self.operations if o[0] == method and o[2].fullmatch(path)), None)
        if found is None or response.is_redirect:
            return None
        name = f"{found[0]} {found[1]}"
        answer = found[3]["responses"].get(str(response.status_code))
        if answer is None:
            return f"{name} does not describe {response.status_code}"
        if response.ok:
            self.succeeded.add(name)
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].rsplit("/")[-1]]
        kind = response.headers.get("content-type", "").split(";")[0]
        contents = answer.get("content", {})
        if not response.content or "*/*" in contents:
            return None
        if kind not in contents:
            return f"{name} does not describe {kind} for {response.status_code}"
        if kind != "application/json":
            return None
        key = f"{name} {response.status_code}"
        if key not in self._validators:
            schema = contents[kind]["schema"] | {"components": self.document["components"]}
            self._validators[key] = jsonschema_rs.validator_for(schema)
        error = next(self._validators[key].iter_errors(response.json()), None)
        return error and f"{name} is not as described: {error.message} at {error.instance_path}"


def _segments(path: str) -> list[str]:
    """Regular expressions of a path's segments; the last one may stand for several."""
    *first, last = path.strip("/").split("/") if path != "/" else [""]
    segments = ["[^/]+" if part.startswith("{") else re.escape(part) for part in first]
    rest = ".+" if last in ("{path}", "{folder}") else "[^/]+" if last.startswith("{") else re.escape(last)
    return [*segments, rest + ("/" if path.endswith("/") and len(path) > 1 else "")]

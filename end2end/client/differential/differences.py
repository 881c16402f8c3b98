"""Every difference from MLflow that is accepted: its name and reason as in docs/api.md, and how far it may go.

A pair of answers that differ is looked up here; one that no entry accepts fails its case, and an entry that no case
shows any more fails the suite.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from answers import Answer
from steps import Step

Judge = Callable[[Step, Answer, Answer], bool]

DATABASE = re.compile(r"\(raised as a result|\(sqlite3\.|too large to convert to SQLite")
# What Python says of its own faults; ours has a sentence for people instead.
PYTHON = re.compile(r"has no attribute|argument must be|^Unable to fetch model from model URI|could not convert|_msg_")
INVALID_TYPE = re.compile(r"^Invalid value .* for parameter '.*' supplied:  Hint: Value was of type", re.DOTALL)


@dataclass(frozen=True)
class Difference:
    name: str
    reason: str
    accepts: Judge


def field(step: Step, name: str) -> str:
    """A field of the request's body, as text."""
    return str(step.body.get(name, "")) if isinstance(step.body, dict) else ""


def wrong_type(step: Step, theirs: Answer, ours: Answer) -> bool:
    """They take it, stumble, or refuse it in other words; we refuse it, naming the field."""
    return ours.status == 400 and bool(INVALID_TYPE.match(ours.message)) and theirs.status in (200, 400, 500)


def json_of_python(step: Step, theirs: Answer, ours: Answer) -> bool:
    tokens = step.body if isinstance(step.body, bytes) else b""
    return (b"NaN," in tokens or b"1e400" in tokens) and theirs.status == 200 and ours.status == 400


def json_instead_of_html(step: Step, theirs: Answer, ours: Answer) -> bool:
    return (
        theirs.body == "<html>"
        and theirs.status == ours.status in (400, 404, 405)
        and ours.error_code in ("ENDPOINT_NOT_FOUND", "INVALID_PARAMETER_VALUE")
    )


def no_fault(step: Step, theirs: Answer, ours: Answer) -> bool:
    """Their 500 is a 400 or 404 of ours, with the same sentence if theirs is one."""
    own = theirs.body in ("<html>", "Internal Server Error") or PYTHON.search(theirs.message) or DATABASE.search(theirs.message)
    return theirs.status == 500 and ours.status in (400, 404) and (bool(own) or theirs.message == ours.message)


def no_database_text(step: Step, theirs: Answer, ours: Answer) -> bool:
    """The same refusal, without what their database says of it."""
    ours_is_known = ours.error_code in ("RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE")
    return bool(DATABASE.search(theirs.message)) and theirs.status == ours.status == 400 and ours_is_known


def on(path: str, judge: Judge) -> Judge:
    """Only in requests to such paths."""
    return lambda step, theirs, ours: bool(re.search(path, step.path)) and judge(step, theirs, ours)


def taken(step: Step, theirs: Answer, ours: Answer) -> bool:
    """Their database refuses what we take."""
    return theirs.status == 400 and bool(DATABASE.search(theirs.message)) and ours.status == 200


def refused(sentence: str) -> Judge:
    """They take it; we say what is wrong with it."""
    return lambda step, theirs, ours: (
        theirs.status == 200 and ours.status in (400, 404) and bool(re.search(sentence, ours.message))
    )


def says_more(step: Step, theirs: Answer, ours: Answer) -> bool:
    """The same sentence, and a remark in brackets after it."""
    return theirs.status == ours.status == 400 and bool(
        re.fullmatch(re.escape(theirs.message) + r" \(.+\)", ours.message, re.DOTALL)
    )


def other_words(step: Step, theirs: Answer, ours: Answer) -> bool:
    """Both refuse a filter or an order; theirs shows what their lexer of SQL made of it."""
    lexed = theirs.message.startswith("Invalid clause(s)") and re.match(
        "Invalid attribute key|Invalid clause|Expected numeric value", ours.message
    )
    unclosed = theirs.message + "'" == ours.message
    return theirs.status == ours.status == 400 and bool(lexed or unclosed)


def other_class(step: Step, theirs: Answer, ours: Answer) -> bool:
    extra = {"sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE"}
    return theirs.error_code == ours.error_code == "INVALID_PARAMETER_VALUE" and theirs.body | extra == ours.body


def page_token(step: Step, theirs: Answer, ours: Answer) -> bool:
    return theirs.status == ours.status == 400 and "page token" in theirs.message and "page token" in ours.message


def no_gateway(step: Step, theirs: Answer, ours: Answer) -> bool:
    features = {"features_enabled": {"gateway": False}}
    return ours.status == theirs.status == 200 and theirs.body | features == ours.body


def nan_as_text(step: Step, theirs: Answer, ours: Answer) -> bool:
    if theirs.status != 200 or ours.status != 200:
        return False
    return repr(theirs.body).replace("nan,", "'NaN',").replace("nan}", "'NaN'}") == repr_sorted(ours, theirs)


def repr_sorted(answer: Answer, like: Answer) -> str:
    """The body of one answer, its fields in the order of the other's."""
    rows = zip(answer.body["metrics"], like.body["metrics"])
    return repr({"metrics": [{key: row[key] for key in other} for row, other in rows]})


DIFFERENCES = [
    Difference(
        "A field of the wrong type is always a 400 with the invalid-value message; MLflow processes some of them with what parsed before",
        "nobody means to log step 0 for `1.5`",
        wrong_type,
    ),
    Difference(
        "`NaN` as a bare word in a request, and numbers beyond doubles, make it no JSON",
        "MLflow logs 0 for them",
        json_of_python,
    ),
    Difference(
        "Unknown paths (404), wrong methods (405) and downloads without a path (400) answer JSON instead of HTML",
        "the client reads it without retrying",
        json_instead_of_html,
    ),
    Difference(
        "A 500 for a user's mistake in MLflow is a 400 or 404, with the same sentence if it has one for people",
        "clients retry a 500 for minutes",
        no_fault,
    ),
    Difference(
        "Raw database text never appears in a message; a taken name is `RESOURCE_ALREADY_EXISTS`",
        "it says nothing to a user, and too much to others",
        no_database_text,
    ),
    Difference(
        "The error of a malformed filter ends with where or what is wrong, in brackets",
        "filters are long",
        says_more,
    ),
    Difference(
        "Some malformed filters are refused in other words, such as keys that are words of SQL (`timestamp`)",
        "MLflow's words are those of its SQL lexer",
        on("search$", other_words),
    ),
    Difference(
        "Filters without meaning are always refused: `IN ()`, `IN ('a' 'b')`, `params. = 'x'`",
        "MLflow takes some of them and finds nothing",
        on("search$", refused("^(While parsing a list|Invalid comparison clause)")),
    ),
    Difference(
        "A metric with an unknown `model_id` is a 404, and nothing is logged",
        "MLflow shows a database error",
        on(
            "runs/log-(metric|batch)$",
            lambda step, theirs, ours: theirs.error_code == "BAD_REQUEST"
            and bool(DATABASE.search(theirs.message))
            and ours.message == "Logged model with ID 'm-1' not found.",
        ),
    ),
    Difference(
        "Of duplicate tags or params in one create request the last wins; attaching an output twice is fine",
        "MLflow shows a database error",
        on("(experiments/create|runs/create|logged-models|runs/outputs)$", taken),
    ),
    Difference(
        "`runs/create` without an experiment goes to `0`", "MLflow shows a database error", on("runs/create$", taken)
    ),
    Difference(
        "`log-inputs` wants a dataset's name and digest",
        "they identify it",
        on("runs/log-inputs$", refused(r"^Missing value for required parameter 'datasets\[")),
    ),
    Difference(
        "Finalizing with an unknown status is a 400", "it would be lost", on("logged-models/", refused("parameter 'status'"))
    ),
    Difference(
        "A logged model's tag whose key has a slash can be deleted",
        "MLflow has no path to it",
        on("/tags/.*%2F", lambda step, theirs, ours: theirs.status == 404 and ours.status == 200),
    ),
    Difference(
        "`null` is the same as absent in every field",
        "`max_results: null` is an HTML 500 in MLflow",
        on("search$", lambda step, theirs, ours: theirs.body == "<html>" and ours.status == 200 and None in step.body.values()),
    ),
    Difference(
        "Both quotes work in filters of logged models",
        "MLflow keeps double quotes as part of the value",
        on("logged-models/search$", lambda step, theirs, ours: '"' in field(step, "filter") and theirs.body == {}),
    ),
    Difference(
        "Errors about a page token of logged models print JSON, and a token without its fields is garbage",
        "MLflow prints Python",
        on("logged-models/search$", page_token),
    ),
    Difference(
        "An unknown order key of logged models has the `error_class` of its code",
        "clients read the code",
        on("logged-models/search$", other_class),
    ),
    Difference(
        "Negative page sizes and offsets are refused, and a page of size 0 has no token",
        "MLflow's token leads to the same empty page again",
        on(
            "registered-models/search$|metrics/get-history$",
            lambda step, theirs, ours: theirs.status == 200
            and "next_page_token" in theirs.body
            and (ours.body == {} or bool(re.search("must not be negative|Invalid page token", ours.message))),
        ),
    ),
    Difference(
        "Order keys of registered models may stand in backticks",
        "those of all others may",
        on("registered-models/search$", lambda step, theirs, ours: "`" in str(step.query) and ours.status == 200),
    ),
    Difference(
        "A truth value in a query is `true` or `false`, in any case",
        "MLflow takes anything else for false in some endpoints, and refuses it in others",
        refused("^Invalid boolean value"),
    ),
    Difference(
        "The plain file name of a download leaves out letters beyond ASCII; `filename*` has them all",
        "MLflow turns some of them into others",
        on("artifacts/", lambda step, theirs, ours: theirs.body == ours.body and "filename*" in ours.headers["content-disposition"]),
    ),
    Difference(
        "A range beyond the file (416) is answered with JSON",
        "as every other error",
        lambda step, theirs, ours: theirs.status == ours.status == 416 and theirs.headers["content-range"] == ours.headers["content-range"],
    ),
    Difference(
        "`server-info` says `gateway: false`; traces, assessments, scorers, datasets, gateway, GraphQL are not there (404)",
        "not in scope",
        on("server-info$", no_gateway),
    ),
    Difference("`get-history-bulk` writes NaN as a string", "a bare NaN is not JSON", on("get-history-bulk$", nan_as_text)),
]

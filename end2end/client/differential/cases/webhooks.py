"""Webhooks: life cycle and what is refused. Nothing is delivered."""

from steps import DELETE, GET, PATCH, POST, Case, each, many

EVENT = {"entity": "MODEL_VERSION", "action": "CREATED"}
HOOK = {"name": "hook", "url": "https://8.8.8.8/x", "events": [EVENT]}

CASES = [
    Case(
        "from creation to deletion",
        each(
            POST("webhooks", {**HOOK, "description": "d", "secret": "s", "status": "DISABLED"}).keep(hook="webhook/webhook_id"),
            GET("webhooks/$hook"),
            PATCH("webhooks/$hook", status="ACTIVE"),
            PATCH("webhooks/$hook", status="DISABLED", description="", name="", url="", events=[]),
            PATCH("webhooks/$hook", name="other", events=[{"entity": "PROMPT", "action": "CREATED"}, EVENT]),
            PATCH("webhooks/$hook", {}),
            PATCH("webhooks/$hook", name="not ok"),
            PATCH("webhooks/$hook", url="http://8.8.8.8"),
            GET("webhooks"),
            GET("webhooks", max_results="1"),
            [GET("webhooks", max_results=n) for n in ("0", "1001", "-1")],
            DELETE("webhooks/$hook", None),
            DELETE("webhooks/$hook", None),
            GET("webhooks/$hook"),
            PATCH("webhooks/$hook", name="x"),
            POST("webhooks/$hook/test", {}),
            GET("webhooks"),
        ),
    ),
    Case(
        "what is refused",
        each(
            many(
                POST,
                "webhooks",
                *[{**HOOK, "name": name} for name in ("", "-a", "a-", "a b", "é", "x" * 64, "x" * 65, 5, None)],
                *[
                    {**HOOK, "url": url}
                    for url in (
                        *["", "http://8.8.8.8", "ftp://8.8.8.8", "https://", "https:///x", "x", "https://127.0.0.1/x"],
                        *["https://10.0.0.1", "https://192.168.1.1", "https://169.254.169.254/latest", "https://[::1]/", 5],
                    )
                ],
                *[
                    {**HOOK, "events": events}
                    for events in (
                        *[[], None, "x", [{"entity": "REGISTERED_MODEL", "action": "DELETED"}], [{"entity": "MODEL_VERSION"}]],
                        *[[{"entity": "MODEL_VERSION_TAG", "action": "CREATED"}], [{"action": "CREATED"}], [{}]],
                        *[[{"entity": "BUDGET_POLICY", "action": "CREATED"}], [{"entity": "PROMPT", "action": "SET"}]],
                    )
                ],
                {**HOOK, "status": "BOGUS"},
                {**HOOK, "description": 5},
            ),
            GET("webhooks/unknown"),
            POST("webhooks/unknown/test", event=EVENT),
        ),
    ),
]

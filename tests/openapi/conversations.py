"""Asking an application all that its OpenAPI document allows, and some that it does not, and judging the answers."""

import json
from collections import Counter
from dataclasses import dataclass, field

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from tests.openapi.guests import Guests

DOCUMENT = "/auth/openapi.json"
UNREAD = {"unknown", "missing", "not_text", "too_long"}
NAMING = {"session"}
"""Fields that name something: if one is unknown, it is its value that names nothing."""

CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "database": "none", "max-examples": 25},
    "phases": {"stateful": {"enabled": False}},  # the document has no links: most answers are cookies
    "checks": {
        # A 422 is also what no schema can foresee, such as a wrong code; the rest is for `sound_fields_are_read`.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "409", "410", "422"]},
        "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "410", "413", "415", "422"]},
    },
}


@schemathesis.check
def sound_fields_are_read(ctx, response, case):
    """Fail if the reader of bodies refuses a field, or misses one, where the document is kept."""
    if case.meta.generation.mode.is_positive and response.status_code == 422:
        told = json.loads(response.content)
        named = told.get("field") in NAMING and told["reason"] == "unknown"
        assert named or told["code"] != "invalid_input" or told["reason"] not in UNREAD, told


@dataclass
class Conversation:
    """What came of it: the names of the checks that failed with what they say, and the statuses of each operation."""

    failures: list = field(default_factory=list)
    statuses: dict = field(default_factory=dict)

    @property
    def failed(self):
        """The names of the checks that failed, by operation."""
        return {(operation, check) for operation, check, _ in self.failures}


def converse(app, auth, *, only=None):
    """Ask an application everything, or about one operation; `auth` has the same parts as the one inside it."""
    schema = schemathesis.openapi.from_asgi(DOCUMENT, app, config=SchemathesisConfig.from_dict(CONFIG))
    schema.validate()
    schema.location = None  # or the document's own endpoint would be left out
    schema = schema.include(name=only) if only else schema
    schema.auth(refresh_interval=None)(Guests.of(auth))
    conversation = Conversation()
    for event in engine.from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            _note(conversation, event.recorder)
    return conversation


def _note(conversation, recorder):
    statuses = conversation.statuses.setdefault(recorder.label, Counter())
    statuses.update(interaction.response.status_code for interaction in recorder.interactions.values())
    conversation.failures += [
        (recorder.label, check.name, check.failure_info.failure.message)
        for checks in recorder.checks.values()
        for check in checks
        if check.failure_info
    ]

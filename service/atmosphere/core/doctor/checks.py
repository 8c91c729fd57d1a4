"""All findings about an environment, in the order in which one corrects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.contract import NAME
from atmosphere.core.doctor.places import check_places
from atmosphere.core.doctor.rights import check_rights
from atmosphere.core.doctor.roles import check_roles

if TYPE_CHECKING:
    from atmosphere.core.doctor.facts import Facts, Finding
    from atmosphere.core.model import Registration
    from atmosphere.core.snapshot import Snapshot


def findings(facts: Facts, registration: Registration, snapshot: Snapshot, service: str = NAME) -> list[Finding]:
    """What is fine, what is wrong, and what could not be checked, for the service of this name."""
    known = [each.key for each in snapshot.environments]
    return [
        *check_roles(facts, registration, snapshot.settings, service),
        *check_rights(facts.denied),
        *check_places(facts, registration, known),
    ]

"""An account whose CloudFormation has states that no emulator has, and whose Cloud Control sees the same resources."""

from tests.cleanup.fakes.accounts import FakeAccounts
from tests.cleanup.fakes.world import STARTED, FakeStack, Manner, Part, World, refuse

__all__ = ["STARTED", "FakeAccounts", "FakeStack", "Manner", "Part", "World", "refuse"]

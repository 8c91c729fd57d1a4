"""The files of a configuration after their shape was checked: what the checks of meaning look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.config.pool_shapes import PoolEntry
from atmosphere.core.settings import settings_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from pydantic import BaseModel

    from atmosphere.config.deployment_shapes import DeploymentFile
    from atmosphere.config.parse import Parsed
    from atmosphere.config.problems import Path
    from atmosphere.config.shapes import (
        AccessFile,
        EnvironmentEntry,
        EnvironmentsFile,
        GitHubEntry,
        IamEntry,
        IssuerEntry,
    )
    from atmosphere.core.settings import Settings

    Check: TypeAlias = Callable[["Sources"], None]
    """Looks at one thing and reports what it finds to the file that has to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files as far as their shape is right; `deployment` has its defaults where there is none."""

    environments: Parsed[EnvironmentsFile]
    access: Parsed[AccessFile]
    settings: Parsed[BaseModel]
    deployment: Parsed[DeploymentFile]

    def environment_entries(self) -> Iterator[tuple[Path, EnvironmentEntry]]:
        """The environments with their paths."""
        return self.environments.entries("environments")

    def pool(self, name: str) -> PoolEntry:
        """What holds for a pool; the defaults where the file says nothing."""
        shape = self.environments.shape
        return (shape.pools.get(name) if shape else None) or PoolEntry()

    def iam_rules(self) -> Iterator[tuple[Path, IamEntry]]:
        """The rules for IAM callers with their paths."""
        return self.access.entries("iam")

    def github_rules(self) -> Iterator[tuple[Path, GitHubEntry]]:
        """The rules for GitHub workflow runs with their paths."""
        return self.access.entries("github")

    def rules(self) -> Iterator[tuple[Path, IamEntry | GitHubEntry]]:
        """Every rule with its path, IAM's first."""
        yield from self.iam_rules()
        yield from self.github_rules()

    @property
    def tuned(self) -> Settings | None:
        """The settings as far as they are right; None where too little of the file can be read."""
        shape = self.settings.shape
        return settings_from_json(shape.model_dump()) if shape else None

    def issuers(self) -> Iterator[tuple[Path, IssuerEntry]]:
        """The accepted issuers with their paths; the default where the file names none."""
        return self.settings.entries("issuers")

"""The table of the CDK's bootstrap templates is what the packages send, and refuses a step that it does not know."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.cleanup.contents.bootstrap import digest_of, published

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT: Final = Path(__file__).parents[2] / ".github" / "scripts" / "bootstrap_templates.py"
TEMPLATE: Final = """\
Parameters:
  Qualifier: {Type: String, Default: hnb659fds}
%s
Resources:
%s
  CdkBootstrapVersion:
    Type: AWS::SSM::Parameter
    Properties: {Value: "%s"}
"""
OLD: Final = TEMPLATE % ("", "  Bucket: {Type: AWS::S3::Bucket}", 1)
NEW: Final = TEMPLATE % ("  DenyExternalId: {Type: String, Default: 'true'}", "  Bucket: {Type: AWS::S3::Bucket}", 2)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap_templates", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_has_a_row_for_each_pinned_release(script: Any) -> None:
    assert tuple(each.cdk for each in published()) == script.RELEASES


def test_a_row_says_what_a_template_adds(script: Any) -> None:
    first, second = script.row_of("2.1.0", OLD, None), script.row_of("2.2.0", NEW, OLD)
    assert (first["version"], first["adds"]) == (1, {})
    assert (second["version"], second["adds"]) == (2, {"DenyExternalId": "true"})
    assert second["digest"] == digest_of(NEW)


def test_a_template_that_drops_a_resource_is_refused(script: Any) -> None:
    with pytest.raises(ValueError, match="drops \\['Bucket'\\]"):
        script.row_of("2.2.0", TEMPLATE % ("", "", 2), OLD)


@pytest.mark.slow
def test_the_table_is_what_the_packages_send(script: Any) -> None:
    npm = shutil.which("npm") or pytest.skip("no npm on this machine")
    last = f"aws-cdk@{script.RELEASES[-1]}"
    if subprocess.run([npm, "view", last, "--prefer-offline"], capture_output=True, check=False).returncode:
        pytest.skip("the packages cannot be fetched")
    assert script.main(["--check"]) == 0

"""What `mkdocs.yml` calls: the site's pages are the repository's documents, at the same places.

mkdocs takes pages from one directory below its configuration. Ours are also beside the code they describe, and their
links lead to code, too: such a link becomes one to the repository, if the file exists; otherwise mkdocs refuses it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[1]
_PAGES: Final = ("*.md", "bench/*.md", "config/*.md", "docs/**/*", "findings/*.md", "requirements/*.md")
_LINK: Final = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Headings have the anchors that GitHub gives them."""
    config.mdx_configs["toc"] = {"slugify": anchor}
    return config


def anchor(heading: str, separator: str) -> str:
    """As code hosts make it of a heading; the same rule as in the test of the documents' links."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", separator)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The repository's documents in place of those that mkdocs found."""
    theme = [file for file in files if file.src_dir is None or not Path(file.src_dir).samefile(config.docs_dir)]
    ours = sorted({path for pattern in _PAGES for path in ROOT.glob(pattern) if path.is_file()})
    found = [File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)) for path in ours]
    return Files([*theme, *found])


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with the address in the repository for each link to a file that is no page."""
    here = ROOT.joinpath(page.file.src_uri).parent

    def replaced(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(here / link[2]))
        if not target.exists() or not target.is_relative_to(ROOT):
            return link[0]
        name = target.relative_to(ROOT).as_posix()
        if files.get_file_from_path(name) is not None:
            return link[0]
        return f"{link[1]}{config.repo_url}/blob/main/{name}{link[3] or ''}{link[4]}"

    return _LINK.sub(replaced, markdown)

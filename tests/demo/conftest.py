import shutil
from datetime import date
from pathlib import Path

import pytest

from demo.company import company_create

TODAY = date(2024, 5, 20)
"""A day in a year that is over: the numbers the ERP gives now start at 00001 of another year."""


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company as it was created; nobody may write into it."""
    path = tmp_path_factory.mktemp("company") / "demo-erp.sqlite3"
    company_create(path, today=TODAY)
    return path


@pytest.fixture
def company(first_day: Path, tmp_path: Path) -> Path:
    """A company of this test's own."""
    return Path(shutil.copyfile(first_day, tmp_path / "demo-erp.sqlite3"))

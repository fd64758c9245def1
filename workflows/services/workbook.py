"""The access review as a workbook, written row by row: memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from xlsxwriter import Workbook

from kernel.audit import audit_record
from kernel.errors import Rejected
from permissions.models import User
from workflows.models import DisclosureMonth
from workflows.selectors.disclosed import Line, lines_each

MOST_ROWS = 100_000
WIDTH = 22


def review_workbook(actor: User, rows: QuerySet[DisclosureMonth], about: str) -> IO[bytes]:
    """A file at its beginning; it goes when it is closed. `about` says which rows, for the audit trail.

    Raises Rejected for more than MOST_ROWS.
    """
    count = rows.order_by()[: MOST_ROWS + 1].count()
    if count > MOST_ROWS:
        text = _("More than %(most)s rows. Choose an object, a rule or a person first.")
        raise Rejected(text % {"most": f"{MOST_ROWS:,}"})
    header = [_("Month"), _("Connection"), _("Object"), _("Field"), _("Field class"), _("Rule"), _("Person"),
              _("User name"), _("Messenger"), _("Shown"), _("Hidden"), _("First"), _("Last"), _("Signed by")]  # fmt: skip
    file = workbook_write(_("Access review"), header, (_cells(line) for line in lines_each(rows)))
    audit_record(actor, "review.exported", ("workflows.disclosuremonth", about), about, rows=count)
    return file


def _cells(line: Line) -> list[Any]:
    row, signature = line.row, line.signature
    moments = (date_format(localtime(each), "Y-m-d H:i") for each in (row.first_at, row.last_at))
    return [
        f"{row.month:%Y-%m}",
        row.connection.name,
        line.object,
        line.field,
        line.class_words,
        str(row.rule),
        getattr(row.user, "display_name", ""),
        row.user.get_username(),
        row.channel.name,
        row.shown,
        row.hidden,
        *moments,
        getattr(signature.signed_by, "display_name", "") if signature is not None else "",
    ]


def workbook_write(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """Texts stay texts: what begins with “=” is no formula, what looks like an address no link."""
    file = TemporaryFile()  # noqa: SIM115 # the response closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        sheet = book.add_worksheet(title[:31])
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, WIDTH)
        bold = book.add_format({"bold": True})
        for at, words in enumerate(header):
            sheet.write_string(0, at, words, bold)
        for number, cells in enumerate(rows, start=1):
            for at, value in enumerate(cells):
                if isinstance(value, int):
                    sheet.write_number(number, at, value)
                else:
                    sheet.write_string(number, at, str(value))
    file.seek(0)
    return file

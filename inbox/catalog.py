"""Every word the inbox page says by itself; its script holds none. Cards arrive translated from the API."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PAGE_WORDS: Final = {
    "title": _("Inbox"),
    "new": pgettext_lazy("inbox", "New"),
    "sending": _("Sending…"),
    "working": _("Being carried out…"),
    "decided": pgettext_lazy("inbox", "Done"),
    "failed": _("This could not be carried out."),
    "expired": _("The time to answer has passed."),
    "cancelled": _("No longer needed."),
    "cancel": _("Cancel"),
    "decrease": _("Less: %(label)s"),
    "increase": _("More: %(label)s"),
    "not_a_number": _("Enter a number, for example 200."),
    "not_whole": _("Enter a whole number, for example 200."),
    "reply_label": _("Answer in words"),
    "reply_hint": _("Or answer in words"),
    "reply_example": _("Or type “%(example)s”"),
    "reply_send": pgettext_lazy("inbox", "Send"),
    "reply_empty": _("Type an answer first."),
    "changed_title": _("Something changed since you looked"),
    "changed_field": pgettext_lazy("inbox", "Value"),
    "changed_before": pgettext_lazy("inbox", "Before"),
    "changed_after": pgettext_lazy("inbox", "Now"),
    "changed_confirm": _("Look again and confirm"),
    "changed_leave": _("Leave it for now"),
    "dismiss": _("Close this message"),
    "waiting": _("No connection. Your answer “%(answer)s” is kept here and sent as soon as possible."),
    "waiting_server": _(
        "Baton could not take your answer “%(answer)s” just now. It is kept here and sent again."
    ),
    "stale": _("Your answer “%(answer)s” of %(at)s has not been sent yet. Send it now?"),
    "send_now": _("Send now"),
    "withdraw": _("Do not send"),
    "resent": _("Your kept answer “%(answer)s” has been sent."),
    "refused": _("This was not accepted."),
    "forbidden": _("You may not answer this."),
    "gone": _("This card is no longer there for you."),
    "new_card": _("New card: %(title)s"),
    "card_changed": _("%(title)s: %(text)s"),
    "status_live": pgettext_lazy("inbox", "Live"),
    "status_reconnecting": _("Reconnecting…"),
    "status_polling": _("Checking every 5 seconds"),
    "status_offline": _("No connection"),
    "offline": _("No connection. What you click is kept and sent when it is back."),
    "signed_out": _("You have been signed out. What you typed is kept."),
    "sign_in_again": _("Log in again"),
    "load_failed": _("Cards cannot be loaded just now. Trying again…"),
    "empty_open": _("Nothing waits for you"),
    "empty_open_text": _("A new card appears here by itself."),
    "empty_decided": _("Nothing decided yet"),
    "empty_decided_text": _("What was decided in the last 30 days is listed here."),
    "more": _("Show more"),
    "unread": _("%(count)s unread"),
    "notify_on": _("Turn on notifications"),
    "notify_off": _("Turn off notifications"),
    "notify_blocked": _("Notifications are blocked in this browser’s settings."),
    "notify_done": _("Notifications are on."),
}


def page_words() -> dict[str, str]:
    """The words in the active language."""
    return {key: str(word) for key, word in PAGE_WORDS.items()}

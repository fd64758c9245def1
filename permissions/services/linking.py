"""A person proves that a messenger account is theirs: a code shown in Baton is sent from that account.

The code lives ten minutes, counts once, and says nothing of whose it is. An account that is somebody's, or a person who
has another account there, is never re-linked by a code: an administrator confirms that.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from connectors.models import Connection, ConnectionState
from kernel import clock
from kernel.audit import audit_record
from kernel.errors import Conflict, NotFound
from kernel.live import live_publish
from kernel.models import AuditEntry
from kernel.text import Localized, localized
from permissions.identities import BUILT_IN
from permissions.models import Identity, IdentityState, LinkCode, User

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Without what is easily taken for something else."""
LENGTH = 8
LIVES = dt.timedelta(minutes=10)
MOST_CODES = 5
MOST_WRONG = 5
WINDOW = dt.timedelta(minutes=10)
WRONG = "identity.code_refused"
_SHAPE = re.compile(rf"[{ALPHABET}]{{4}}[- ]?[{ALPHABET}]{{4}}")

LINKED = gettext_noop("This account is now linked to %(name)s.")
NO_CODE = gettext_noop("This account is not linked to a person.")
NOT_VALID = gettext_noop("This code is wrong, used or too old. Ask Baton for a new one.")
TOO_MANY = gettext_noop("Too many wrong codes. Try again in ten minutes.")
TAKEN = gettext_noop("This account is already known here. An administrator has to confirm the change.")
HAS_ANOTHER = gettext_noop("You have another account there. An administrator has to confirm the change.")


def connections_linkable() -> list[Connection]:
    """Active messengers from which a text can come back."""
    active = Connection.objects.filter(kind="im", state=ConnectionState.ACTIVE).exclude(connector=BUILT_IN)
    return [
        each
        for each in active.order_by("name")
        if each.manifest.im is not None and each.manifest.im.inbound and each.manifest.im.text_reply
    ]


def code_make(user: User, connection_id: int) -> str:
    """A new code, shown once; earlier ones of this person there are void. Raises NotFound, and Conflict past the limit."""
    connection = next((each for each in connections_linkable() if each.pk == connection_id), None)
    if connection is None or not user.is_active:
        raise NotFound(_("There is no such connection."))
    now = clock.now()
    code = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        mine = LinkCode.objects.filter(user=user)
        if mine.filter(created_at__gt=now - WINDOW).count() >= MOST_CODES:
            raise Conflict(
                _("At most %(count)s codes in ten minutes. Use the last one, or wait.")
                % {"count": MOST_CODES}
            )
        mine.filter(connection=connection, used_at=None).update(used_at=now)
        LinkCode.objects.create(
            user=user,
            connection=connection,
            digest=_digest(connection.pk, code),
            created_at=now,
            expires_at=now + LIVES,
        )
        audit_record(user, "identity.code_made", connection)
    return f"{code[:4]}-{code[4:]}"


def code_take(connection: Connection, address: str, text: str) -> tuple[User | None, Localized]:
    """What a text from an account nobody is linked to does: (who it is linked to now, what to answer).

    Call inside a transaction. Wrong codes are counted per account; past the limit right ones are refused too.
    """
    found = _SHAPE.fullmatch(text.strip().upper())
    if found is None:
        return None, localized(NO_CODE)
    subject = (Identity._meta.label_lower, f"{connection.pk}:{_short(address)}")
    now = clock.now()
    wrong = AuditEntry.objects.filter(
        subject_type=subject[0], subject_id=subject[1], action=WRONG, at__gt=now - WINDOW
    )
    if wrong.count() >= MOST_WRONG:
        return None, localized(TOO_MANY)
    digest = _digest(connection.pk, re.sub("[- ]", "", found[0]))
    code = (
        LinkCode.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user")
        .filter(digest=digest, connection=connection, used_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if code is None or not hmac.compare_digest(code.digest, digest):
        audit_record(None, WRONG, subject, address)
        return None, localized(NOT_VALID)
    LinkCode.objects.filter(pk=code.pk).update(used_at=now)
    user: User = code.user
    refused = _conflict(connection, address, user)
    if refused is not None:
        audit_record(user, "identity.link_conflict", connection, refused.en, address=address)
        return None, refused
    try:
        with transaction.atomic():
            identity = Identity.objects.create(
                connection=connection, external_id=address, user=user, linked_by="code", linked_at=now
            )
    except IntegrityError:  # linked at this very moment by somebody else
        return None, localized(TAKEN)
    audit_record(user, "identity.linked", identity, address, by="code")
    live_publish(f"user-{user.pk}", type="access")
    return user, localized(LINKED, name=user.display_name)


def _conflict(connection: Connection, address: str, user: User) -> Localized | None:
    """Why a person has to look first; None when the account is nobody's and the person has none there."""
    if Identity.objects.filter(connection=connection, external_id=address).exists():
        return localized(TAKEN)
    if Identity.objects.filter(connection=connection, user=user, state=IdentityState.ACTIVE).exists():
        return localized(HAS_ANOTHER)
    return None


def _digest(connection_id: int, code: str) -> str:
    """Keyed, so that neither the rows nor a look-up by them tell a code."""
    return hmac.new(
        settings.SECRET_KEY.encode(), f"link:{connection_id}:{code}".encode(), hashlib.sha256
    ).hexdigest()


def _short(address: str) -> str:
    return hashlib.blake2b(address.encode(), digest_size=12).hexdigest()

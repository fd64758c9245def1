"""The page “What would somebody see?”."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.models import Connection
from connectors.selectors import dictionary_objects
from kernel.errors import BatonError, NotFound
from kernel.pages import PageAdmin, PageForm
from messaging.models import Interaction
from permissions.models import User
from permissions.policies import Gate
from workflows.models import DisclosureMonth
from workflows.selectors import visible_rules
from workflows.services.seeing import (
    Seen,
    card_seen,
    event_seen,
    list_seen,
    may_ask,
    person_of,
    record_seen,
    rule_seen,
)

KINDS = {
    "record": gettext_lazy("a record, by its key"),
    "event": gettext_lazy("the state an event tells of, by its number"),
    "card": gettext_lazy("a card, by its number"),
    "rule": gettext_lazy("what a rule would tell, by the rule’s number"),
    "list": gettext_lazy("a list of records"),
}
SHOWN = {
    "shown": gettext_lazy("shown"),
    "masked": gettext_lazy("masked"),
    "rounded": gettext_lazy("only its size"),
    "left_out": gettext_lazy("left out"),
}
VERBS = {
    "told": gettext_lazy("be told"),
    "answer": gettext_lazy("answer"),
    "approve": gettext_lazy("approve"),
    "export": gettext_lazy("export"),
}


class SeenForm(PageForm):
    person = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=list(KINDS.items()))
    where = forms.ChoiceField(
        label=gettext_lazy("Kind of record"),
        required=False,
        help_text=gettext_lazy("For a record or a list."),
    )
    which = forms.CharField(
        label=gettext_lazy("Key or number"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("The record’s key in the ERP, or the number of the event, card or rule."),
    )

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        where = self.fields["where"]
        assert isinstance(where, forms.ChoiceField)
        where.choices = _places(actor)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, which = cleaned.get("kind"), str(cleaned.get("which", "")).lstrip("#")
        if kind in ("record", "list") and not cleaned.get("where"):
            self.add_error("where", _("Choose a kind of record."))
        if kind == "record" and not which:
            self.add_error("which", _("Enter the record’s key."))
        if kind in ("event", "card", "rule") and not (which.isdecimal() and len(which) < 19):
            self.add_error("which", _("Enter a number, for example 12."))
        return {**cleaned, "which": which}


def _places(actor: User) -> list[tuple[str, str]]:
    """Kinds of records the asker may see any of, per connection that has them."""
    gate = Gate(actor)
    found = [("", "–")]
    for connection in Connection.objects.exclude(mappings=None).distinct().order_by("name"):
        mapped = set(connection.mappings.filter(active=True).values_list("object", flat=True))
        found += [
            (f"{connection.pk}:{about.name}", f"{connection} · {about.label}")
            for about in dictionary_objects(connection.pk)
            if about.name in mapped and gate.classes_seen(about.name) is not None
        ]
    return found


class SeenPage(PageAdmin[DisclosureMonth]):
    """Adds the page to the access review."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("seen/", view(self.seen_view), name="workflows_seen"), *super().get_urls()]

    def seen_view(self, request: HttpRequest) -> HttpResponse:
        """The form; a POST asks, and is audited."""
        self.refuse(request, may_ask(request.user))
        actor = cast(User, request.user)
        seen: Seen | None = None
        if request.method == "POST":
            form = SeenForm(actor, request.POST)
            if form.is_valid():
                try:
                    seen = _ask(actor, form.cleaned_data)
                except BatonError as error:
                    form.add_error(None, error.message)
        else:
            form = SeenForm(actor, initial={name: request.GET.get(name, "") for name in SeenForm.base_fields})
        context = {
            "title": _("What would somebody see?"),
            "form": form,
            "seen": seen,
            "fields": [{"field": each, "words": SHOWN[each.shown]} for each in seen.fields] if seen else [],
            "may": [{"words": VERBS[verb], "allowed": yes} for verb, yes in seen.may.items()] if seen else [],
        }
        return self.page(request, "admin/review/seen.html", None, context)


def _ask(actor: User, asked: dict[str, Any]) -> Seen:
    person = person_of(actor, asked["person"].strip())
    kind, which = asked["kind"], asked["which"]
    if kind == "event":
        return event_seen(actor, person, int(which))
    if kind == "card":
        cards = Interaction.objects.filter(pk=int(which)).select_related("record")
        return card_seen(actor, person, cards.first())
    if kind == "rule":
        return rule_seen(actor, person, visible_rules(actor).filter(pk=int(which)).first())
    connection, _colon, name = asked["where"].partition(":")
    found = Connection.objects.filter(pk=int(connection)).first() if connection.isdecimal() else None
    if found is None:
        raise NotFound(_("Choose a kind of record."))
    if kind == "list":
        return list_seen(actor, person, found, name)
    return record_seen(actor, person, found, name, which)

"""Questions, messages and replies of the rules a person may see: the rule decides who may list them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kernel.badges import badge
from kernel.pages import OfRequest, PageAdmin, column
from kernel.text import Localized, text_show
from messaging.card import card_render, state_text
from messaging.models import Delivery, DeliveryState, Interaction, Reply
from messaging.selectors import gate_of
from messaging.services.groupplan import WORDS
from permissions.objects import may_object
from permissions.policies import MASK, Gate
from workflows.admin.views import CONNECTION
from workflows.models import Rule, Step
from workflows.selectors import may_list_runs, visible_deliveries, visible_interactions, visible_replies
from workflows.services.replay import failed_delivery_replay
from workflows.services.seeing import may_ask

PERSON = column("user", gettext_lazy("person"))
DECIDED_BY = column("decided_by", gettext_lazy("decided by"))
CREATED_AT = column("created_at", gettext_lazy("created at"))
PURPOSES = {
    "recipient": gettext_lazy("recipient of the rule"),
    "fallback": gettext_lazy("fallback of the rule"),
    "owner": gettext_lazy("owner of the rule"),
    "test": gettext_lazy("a test to oneself"),
    "shadow": gettext_lazy("owner of the rule, in its shadow step"),
    "digest": gettext_lazy("digest of notices"),
    "next_channel": gettext_lazy("next channel of the person"),
}


def interaction_title(gate: Gate, interaction: Interaction, user: Any) -> str:
    """The card's title as this person may read it."""
    decision = gate_of(gate, interaction)
    return card_render(interaction, user, decision).title if decision.allowed else MASK


@admin.register(Interaction)
class InteractionAdmin(PageAdmin[Interaction]):
    gate, reader = OfRequest(), OfRequest()
    list_display = ("number", "card_title", "state_badge", "asked", DECIDED_BY, "decided_at", CREATED_AT)
    list_display_links = ("number", "card_title")
    list_filter = ("state", "created_at")
    detail_template = "admin/cards/interaction.html"

    def visible(self, request: HttpRequest) -> QuerySet[Interaction]:
        return visible_interactions(request.user).select_related("record", "decided_by")

    def may_list(self, request: HttpRequest) -> bool:
        return may_list_runs(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Interaction]:
        self.gate, self.reader = Gate(request.user), request.user
        return self.visible(request).annotate(people=Count("deliveries"))

    @admin.display(description=gettext_lazy("interaction"), ordering="id")
    def number(self, interaction: Interaction) -> str:
        return f"#{interaction.pk}"

    @admin.display(description=gettext_lazy("card"))
    def card_title(self, interaction: Interaction) -> str:
        return interaction_title(self.gate, interaction, self.reader)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, interaction: Interaction) -> str:
        return badge(interaction.state, interaction.get_state_display())

    @admin.display(description=gettext_lazy("people asked"))
    def asked(self, interaction: Interaction) -> int:
        return int(interaction.people)  # type: ignore[attr-defined]

    def detail_context(self, request: HttpRequest, obj: Interaction) -> dict[str, Any]:
        gate = Gate(request.user)
        decision = gate_of(gate, obj)
        step = Step.objects.filter(interaction=obj).select_related("run__rule").order_by("id").first()
        answers = obj.answers.select_related("user").order_by("id")
        hidden = not decision.allowed
        words = state_text(obj.state_text, get_language() or "en", get_current_timezone_name(), decision)
        return {
            "title": _("Interaction #%(number)s") % {"number": obj.pk},
            "interaction": obj,
            "may_ask": may_ask(request.user),
            "badge": badge(obj.state, obj.get_state_display()),
            "message": card_render(obj, request.user, decision) if decision.allowed else None,  # type: ignore[arg-type]
            "decision": decision,
            "state_text": MASK if hidden and words else words,
            "step": step,
            "deliveries": _delivery_lines(obj.deliveries.select_related("user", "connection").order_by("id")),
            "posts": _post_lines(obj.posts.select_related("group__connection").order_by("id"), hidden),
            "answers": [
                {
                    "answer": each,
                    "button": _button_label(obj, each.button),
                    "inputs": MASK if hidden else ", ".join(f"{k} {v}" for k, v in each.inputs.items()),
                    "reason": MASK if hidden and each.reason else text_show(each.reason),
                }
                for each in answers
            ],
        }


def _button_label(interaction: Interaction, key: str) -> str:
    buttons = interaction.card.get("buttons", ())
    label = next((each.get("label") for each in buttons if each["key"] == key), None)
    return str(Localized.from_json(label or key))


def _delivery_lines(deliveries: Any) -> list[dict[str, Any]]:
    return [
        {
            "delivery": each,
            "badge": badge(each.state, each.get_state_display()),
            "reason": text_show(each.reason or each.last_error),
        }
        for each in deliveries
    ]


def _post_lines(posts: Any, hidden: bool) -> list[dict[str, Any]]:
    """What went to group chats, and the proof: who could read it. The record's scopes only for those who may see it."""
    return [
        {
            "post": each,
            "badge": badge(each.state, each.get_plan_display() or each.get_state_display()),
            "why": str(Localized.from_json(each.proof.get("why", ""))) or text_show(each.reason),
            "scopes": MASK if hidden else ", ".join(each.proof.get("scopes", {}).values()),
            "members": [
                {
                    "name": one["name"] or one["address"],
                    "words": _(WORDS[one["verdict"]]),
                    "grants": ", ".join(str(grant) for grant in one["grants"]),
                }
                for one in each.proof.get("members", ())
            ],
        }
        for each in posts
    ]


@admin.register(Delivery)
class DeliveryAdmin(PageAdmin[Delivery]):
    list_display = (
        "number",
        PERSON,
        CONNECTION,
        "state_badge",
        "said",
        "sent_at",
        "delivered_at",
        "seen_at",
    )
    list_display_links = ("number", PERSON)
    list_filter = ("state", ("connection", admin.RelatedOnlyFieldListFilter), "created_at")
    search_fields = ("user__username", "address")
    list_select_related = ("user", "connection")
    detail_template = "admin/cards/delivery.html"

    def visible(self, request: HttpRequest) -> QuerySet[Delivery]:
        return visible_deliveries(request.user).select_related("user", "connection", "interaction__record")

    def may_list(self, request: HttpRequest) -> bool:
        return may_list_runs(request.user)

    @admin.display(description=gettext_lazy("delivery"), ordering="id")
    def number(self, delivery: Delivery) -> str:
        return f"#{delivery.pk}"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, delivery: Delivery) -> str:
        return badge(delivery.state, delivery.get_state_display())

    @admin.display(description=gettext_lazy("reason"))
    def said(self, delivery: Delivery) -> str:
        return text_show(delivery.reason or delivery.last_error) or "–"

    def detail_context(self, request: HttpRequest, obj: Delivery) -> dict[str, Any]:
        rule = Rule.objects.filter(runs__steps__interaction=obj.interaction_id).first()
        again = obj.state in (DeliveryState.FAILED, DeliveryState.REFUSED)
        owns = rule is not None and may_object(request.user, "publish", rule)
        return {
            "title": _("Delivery #%(number)s") % {"number": obj.pk},
            "delivery": obj,
            "rule": rule,
            "badge": badge(obj.state, obj.get_state_display()),
            "card_title": interaction_title(Gate(request.user), obj.interaction, request.user),
            "reason": text_show(obj.reason or obj.last_error),
            "purpose": PURPOSES.get(obj.purpose, obj.purpose),
            "proof": obj.proof,
            "may_replay": again and (owns or may_object(request.user, "operate", obj.connection)),
        }

    def act_replay(self, request: HttpRequest, delivery: Delivery) -> None:
        failed_delivery_replay(request.user, delivery.pk)  # type: ignore[arg-type]
        messages.success(request, _("The message is being sent again."))


@admin.register(Reply)
class ReplyAdmin(PageAdmin[Reply]):
    list_display = (
        "number",
        CONNECTION,
        "address",
        PERSON,
        "state_badge",
        "said",
        "received_at",
        "handled_at",
    )
    list_filter = ("state", ("connection", admin.RelatedOnlyFieldListFilter), "received_at")
    search_fields = ("address", "user__username")
    detail_template = "admin/cards/reply.html"

    def visible(self, request: HttpRequest) -> QuerySet[Reply]:
        return visible_replies(request.user).select_related("user", "connection", "interaction__record")

    def may_list(self, request: HttpRequest) -> bool:
        return may_list_runs(request.user)

    @admin.display(description=gettext_lazy("reply"), ordering="id")
    def number(self, reply: Reply) -> str:
        return f"#{reply.pk}"

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, reply: Reply) -> str:
        return badge(reply.state, reply.get_state_display())

    @admin.display(description=gettext_lazy("result"))
    def said(self, reply: Reply) -> str:
        return text_show(str(reply.result.get("message", ""))) or "–"

    def detail_context(self, request: HttpRequest, obj: Reply) -> dict[str, Any]:
        allowed = obj.interaction is None or gate_of(Gate(request.user), obj.interaction).allowed
        content = obj.content if allowed else dict.fromkeys(obj.content, MASK)
        return {
            "title": _("Reply #%(number)s") % {"number": obj.pk},
            "reply": obj,
            "badge": badge(obj.state, obj.get_state_display()),
            "content": [(key, value) for key, value in content.items() if value not in (None, "", {})],
            "result": text_show(str(obj.result.get("message", ""))) if allowed else MASK,
        }

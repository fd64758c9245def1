"""Group chats: looking for them, who is in them, and what is done when not everybody may see everything."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connectors.models import Connection, ConnectionState
from connectors.services.factory import im_batch
from kernel.audit import audit_record
from kernel.badges import badge
from kernel.errors import BatonError, Rejected
from kernel.pages import PageAdmin, column
from kernel.text import text_show
from messaging.models import GroupChat
from messaging.services.groupplan import WORDS, members_decide
from messaging.services.groups import group_is_fresh, group_look_now, groups_discover
from permissions.objects import may_any, may_object

CONNECTION = column("connection", gettext_lazy("connection"))
MOST_MEMBERS = 200
LAST_POSTS = 10
LEAST_SECONDS, MOST_SECONDS = 10, 86_400


class GroupChatForm(forms.ModelForm[GroupChat]):
    fresh_seconds = forms.IntegerField(
        label=gettext_lazy("members count as known for (seconds)"),
        min_value=LEAST_SECONDS,
        max_value=MOST_SECONDS,
    )

    class Meta:
        model = GroupChat
        fields = ("otherwise", "fresh_seconds", "language")


@admin.register(GroupChat)
class GroupChatAdmin(PageAdmin[GroupChat]):
    list_display = ("name", CONNECTION, "people", "known", "otherwise")
    list_filter = (("connection", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "external_id")
    detail_template = "admin/groups/detail.html"
    list_before_template = "admin/groups/look.html"

    def visible(self, request: HttpRequest) -> QuerySet[GroupChat]:
        rows = GroupChat.objects.select_related("connection").annotate(count=Count("members"))
        return rows if self.may_list(request) else rows.none()

    def may_list(self, request: HttpRequest) -> bool:
        return may_any(request.user, "view", GroupChat)

    def _may_change(self, request: HttpRequest) -> bool:
        return may_any(request.user, "change", GroupChat)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            self.refuse(request, self._may_change(request))
            self._look(request)
            return HttpResponseRedirect(request.get_full_path())
        messengers = _messengers() if self._may_change(request) else []
        return super().changelist_view(request, {**(extra_context or {}), "messengers": messengers})

    def _look(self, request: HttpRequest) -> None:
        given = request.POST.get("connection", "")
        connection = next((each for each in _messengers() if str(each.pk) == given), None)
        if connection is None or not may_object(request.user, "operate", connection):
            raise Http404
        try:
            with im_batch() as connectors:
                count = groups_discover(connection, connectors)
        except BatonError as error:
            messages.error(request, error.message)
            return
        audit_record(request.user, "group_chats.looked_for", connection, str(count))
        text = ngettext("%(count)s group chat was found.", "%(count)s group chats were found.", count)
        messages.success(request, text % {"count": count})

    @admin.display(description=gettext_lazy("members"))
    def people(self, chat: GroupChat) -> int:
        return int(chat.count)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("members known"))
    def known(self, chat: GroupChat) -> str:
        if chat.members_at is None:
            return badge("off", _("never asked for"))
        return badge("active", _("known")) if group_is_fresh(chat) else badge("waiting", _("too old"))

    def detail_context(self, request: HttpRequest, obj: GroupChat) -> dict[str, Any]:
        members = list(obj.members.select_related("user").order_by("address")[:MOST_MEMBERS])
        posts = obj.posts.order_by("-pk")[:LAST_POSTS]
        return {
            "title": _("Group chat %(name)s") % {"name": obj},
            "chat": obj,
            "known": self.known(obj),
            "members": [
                {"member": each.address, "user": each.user, "words": _(WORDS[each.verdict])}
                for each in members_decide(members, None)
            ],
            "posts": [{"post": each, "reason": text_show(each.reason)} for each in posts],
            "form": GroupChatForm(instance=obj),
            "error": text_show(obj.last_error),
            "may_change": self._may_change(request),
        }

    def act_ask(self, request: HttpRequest, chat: GroupChat) -> None:
        self.refuse(request, self._may_change(request))
        group_look_now(request.user, chat)
        messages.success(request, _("The messenger is asked now who is in it."))

    def act_save(self, request: HttpRequest, chat: GroupChat) -> None:
        """Raises Rejected for a value that cannot be; nothing is stored then."""
        self.refuse(request, self._may_change(request))
        form = GroupChatForm(request.POST, instance=chat)
        if not form.is_valid():
            raise Rejected(" ".join(str(each) for errors in form.errors.values() for each in errors))
        changed = list(form.changed_data)
        form.save()
        audit_record(request.user, "group_chat.changed", chat, str(chat), fields=changed)
        group_look_now(request.user, chat)
        messages.success(request, _("Saved."))


def _messengers() -> list[Connection]:
    """Active messengers that tell of their group chats."""
    active = Connection.objects.filter(kind="im", state=ConnectionState.ACTIVE).order_by("name")
    return [each for each in active if each.manifest.im is not None and each.manifest.im.groups]

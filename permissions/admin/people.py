"""People: users, roles, identities, role mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.authtoken.models import TokenProxy

from kernel import clock
from kernel.audit import audit_record
from kernel.badges import badge
from kernel.pages import column
from permissions.admin.base import ByRightAdmin
from permissions.admin.forms import IdentityForm, PersonChangeForm, PersonCreationForm
from permissions.models import Identity, RoleMapping, User
from permissions.services.following import access_changed

if TYPE_CHECKING:
    PasswordForm = Any
else:
    from unfold.forms import AdminPasswordChangeForm as PasswordForm

admin.site.unregister([Group, TokenProxy])

CONNECTION = column("connection", gettext_lazy("connection"))
PERSON = column("user", gettext_lazy("person"))
ROLE = column("group", gettext_lazy("role"))

OWN_ACCOUNT = ("is_active", "is_staff", "groups")
"""Nobody changes these of the own account: somebody else must want it too."""


@admin.register(User)
class PersonAdmin(ByRightAdmin, DjangoUserAdmin[User] if TYPE_CHECKING else DjangoUserAdmin):  # type: ignore[misc]
    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = PasswordForm
    list_display = ("username", "display_name", "roles", "state", "language", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": (("last_name", "first_name"), "email")}),
        (gettext_lazy("Reads and writes in"), {"fields": (("language", "time_zone"),)}),
        (gettext_lazy("May"), {"fields": ("is_active", "is_staff", "groups")}),
        (gettext_lazy("Dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "password1", "password2")}),
        (gettext_lazy("Person"), {"fields": (("last_name", "first_name"), "email")}),
        (gettext_lazy("Reads and writes in"), {"fields": (("language", "time_zone"),)}),
        (gettext_lazy("May"), {"fields": ("is_staff", "groups")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's account is changed by superusers only."""
        above = obj is not None and obj.is_superuser and not getattr(request.user, "is_superuser", False)
        return super().has_change_permission(request, obj) and not above

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are switched off, not deleted: what they answered stays theirs."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        own = obj is not None and obj.pk == request.user.pk
        return (*fields, *OWN_ACCOUNT) if own else fields

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        before = set(form.instance.groups.values_list("name", flat=True))
        super().save_related(request, form, formsets, change)
        after = set(form.instance.groups.values_list("name", flat=True))
        access_changed({form.instance.pk})
        if before != after:
            words = ", ".join([*(f"+{name}" for name in sorted(after - before)),
                               *(f"−{name}" for name in sorted(before - after))])  # fmt: skip
            audit_record(request.user, "user.roles_changed", form.instance, words)

    @admin.display(description=gettext_lazy("name"))
    def display_name(self, person: User) -> str:
        return person.display_name

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, person: User) -> str:
        return ", ".join(each.name for each in person.groups.all()) or "–"

    @admin.display(description=gettext_lazy("state"))
    def state(self, person: User) -> str:
        return badge(
            "active" if person.is_active else "off", _("active") if person.is_active else _("switched off")
        )


@admin.register(Group)
class RoleAdmin(ByRightAdmin):
    """To be read: the rights of each role come with the installation."""

    list_display = ("name", "people")
    search_fields = ("name",)
    fields = ("name", "rights")
    readonly_fields = ("name", "rights")

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().visible(request).annotate(people_count=Count("user"))
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("people"))
    def people(self, group: Any) -> int:
        return int(group.people_count)

    @admin.display(description=gettext_lazy("rights"))
    def rights(self, group: Group) -> str:
        return ", ".join(str(each.name) for each in group.permissions.all()) or "–"


@admin.register(Identity)
class IdentityAdmin(ByRightAdmin):
    form = IdentityForm
    list_display = ("external_id", CONNECTION, PERSON, "state_badge", "linked_by", "linked_at")
    list_filter = (("connection", admin.RelatedOnlyFieldListFilter), "state")
    search_fields = ("external_id", "user__username", "user__first_name", "user__last_name")
    fields = ("connection", "external_id", "user", "state", "confirmed")
    autocomplete_fields = ("user",)

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).select_related("connection", "user")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if "user" in form.changed_data or not obj.linked_by:
            obj.linked_by, obj.linked_at = request.user.get_username(), clock.now()
        access_changed({pk for pk in (form.initial.get("user"), obj.user_id) if pk is not None})
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("state"))
    def state_badge(self, identity: Identity) -> str:
        return badge(identity.state, identity.get_state_display())


@admin.register(RoleMapping)
class RoleMappingAdmin(ByRightAdmin):
    list_display = ("external_role", CONNECTION, ROLE)
    list_filter = (("connection", admin.RelatedOnlyFieldListFilter), "group")
    search_fields = ("external_role",)

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).select_related("connection", "group")

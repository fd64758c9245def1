"""Forms of people and grants."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.dictionary.objects import OBJECTS
from connectors.dictionary.types import Dimension
from connectors.dictionary.words import CLASSES, DIMENSIONS
from connectors.models import ObjectExtension
from permissions.models import Grant, Identity, User, Verb

if TYPE_CHECKING:
    from django.contrib.auth.forms import UserChangeForm, UserCreationForm
    from django.forms import CheckboxSelectMultiple, TextInput
else:
    from unfold.forms import UserChangeForm, UserCreationForm
    from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as CheckboxSelectMultiple
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

ALL = ("*", gettext_lazy("All"))


class _ZoneMixin:
    """Refuses a time zone nobody knows: moments of this person would fall back silently."""

    cleaned_data: dict[str, Any]

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("“%(name)s” is no time zone. Try Asia/Shanghai.") % {"name": name})
        return name


class PersonChangeForm(_ZoneMixin, UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"


class PersonCreationForm(_ZoneMixin, UserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("username",)


class IdentityForm(forms.ModelForm[Identity]):
    """An account that was somebody else's, or a second account of the same person, is linked only when confirmed."""

    confirmed = forms.BooleanField(
        label=gettext_lazy("I have checked that this is the same person"), required=False
    )

    class Meta:
        model = Identity
        fields = ("connection", "external_id", "user", "state")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        person, connection = cleaned.get("user"), cleaned.get("connection")
        if person is None or connection is None or cleaned.get("confirmed"):
            return cleaned
        before = (
            Identity.objects.filter(pk=self.instance.pk).exclude(user=None).select_related("user").first()
        )
        if before is not None and before.user != person:
            text = _("This account is linked to %(name)s now. Tick the box to move it to somebody else.")
            self.add_error("user", text % {"name": getattr(before.user, "display_name", "")})
        other = (
            Identity.objects.filter(connection=connection, user=person).exclude(pk=self.instance.pk).first()
        )
        if other is not None:
            text = _(
                "%(name)s is linked to the account %(account)s already. Tick the box to link a second one."
            )
            self.add_error("user", text % {"name": person.display_name, "account": other.external_id})
        return cleaned


def _objects() -> list[tuple[str, Any]]:
    own = ObjectExtension.objects.filter(active=True, object__startswith="x_").values_list(
        "object", flat=True
    )
    return [ALL, *((each.name, each.plural) for each in OBJECTS), *((name, name) for name in own.distinct())]


def _scope_field(dimension: Dimension) -> forms.CharField:
    return forms.CharField(
        label=DIMENSIONS[dimension],  # type: ignore[arg-type] # in the reader's language when it is shown
        required=False,
        help_text=gettext_lazy(
            "Values with commas; * for all, @own for the person's own. Empty: not covered."
        ),
        widget=TextInput(),
    )


class GrantForm(forms.ModelForm[Grant]):
    """One bundle. A dimension left empty is not covered: records that need it stay closed."""

    SCOPE_FIELDS = tuple(f"scope_{each.value}" for each in Dimension)

    objects_covered = forms.MultipleChoiceField(
        label=gettext_lazy("Objects"), widget=CheckboxSelectMultiple()
    )
    verbs = forms.MultipleChoiceField(
        label=gettext_lazy("May"), choices=Verb.choices, widget=CheckboxSelectMultiple()
    )
    field_classes = forms.MultipleChoiceField(
        label=gettext_lazy("Sensitive field classes"),
        required=False,
        choices=[ALL, *((key.value, label) for key, label in CLASSES.items())],
        widget=CheckboxSelectMultiple(),
    )

    scope_company = _scope_field(Dimension.COMPANY)
    scope_warehouse = _scope_field(Dimension.WAREHOUSE)
    scope_salesperson = _scope_field(Dimension.SALESPERSON)
    scope_department = _scope_field(Dimension.DEPARTMENT)
    scope_region = _scope_field(Dimension.REGION)
    scope_supplier_group = _scope_field(Dimension.SUPPLIER_GROUP)

    class Meta:
        model = Grant
        fields = ("user", "group", "valid_from", "valid_until", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance
        objects = self.fields["objects_covered"]
        assert isinstance(objects, forms.MultipleChoiceField)
        objects.choices = _objects()
        for name in ("objects_covered", "verbs", "field_classes"):
            self.initial.setdefault(name, getattr(stored, name))
        for each in Dimension:
            self.initial[f"scope_{each.value}"] = ", ".join(stored.scopes.get(each.value, ()))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if bool(cleaned.get("user")) == bool(cleaned.get("group")):
            self.add_error("user", _("Choose a person or a role: one of them, not both."))
        start, end = cleaned.get("valid_from"), cleaned.get("valid_until")
        if start and end and end <= start:
            self.add_error("valid_until", _("The end lies before the beginning."))
        return cleaned

    def save(self, commit: bool = True) -> Grant:
        cleaned = self.cleaned_data
        grant = self.instance
        for name in ("objects_covered", "verbs", "field_classes"):
            setattr(grant, name, cleaned[name])
        scopes = {each.value: _values(cleaned.get(f"scope_{each.value}", "")) for each in Dimension}
        grant.scopes = {name: values for name, values in scopes.items() if values}
        return super().save(commit)


def _values(text: str) -> list[str]:
    """ "EAST, WEST" → ["EAST", "WEST"]; both kinds of comma."""
    return [each.strip() for each in text.replace("，", ",").split(",") if each.strip()]

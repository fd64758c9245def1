"""The connection form, drawn from the manifest. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from connectors.models import Connection
from connectors.ports.manifest import ConnectorKind, Manifest, Setting, SettingType

PREFIX = "setting_"
STORED = gettext_lazy("Stored. Leave empty to keep it.")


def _field(setting: Setting, *, is_stored: bool) -> forms.Field:
    """One input. The service types and checks the value again."""
    required = setting.required and setting.default in (None, "") and not (setting.secret and is_stored)
    words = [str(setting.help)] if str(setting.help) else []
    if setting.secret and is_stored:
        words.append(str(STORED))
    common: dict[str, Any] = {"label": str(setting.label), "required": required, "help_text": " ".join(words)}
    if setting.secret:
        widget = UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"})
        return forms.CharField(widget=widget, strip=False, **common)
    if setting.type is SettingType.BOOLEAN:
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget(), **{**common, "required": False})
    if setting.type is SettingType.INTEGER:
        return forms.IntegerField(
            widget=UnfoldAdminIntegerFieldWidget(),
            min_value=setting.minimum,
            max_value=setting.maximum,
            **common,
        )
    if setting.choices:
        choices = [(value, str(label)) for value, label in setting.choices]
        if not required:
            choices = [("", "–"), *choices]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **common)
    if setting.type is SettingType.TEXTAREA:
        return forms.CharField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}), **common)
    return forms.CharField(widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}), **common)


class SettingsForm(forms.Form):
    """The manifest's settings; `stored` are the plain ones, `secrets` the names of the stored secrets."""

    def __init__(
        self,
        manifest: Manifest,
        data: Any = None,
        *,
        stored: Mapping[str, Any] | None = None,
        secrets: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(data)
        self.manifest = manifest
        for setting in manifest.settings:
            field = _field(setting, is_stored=setting.name in secrets)
            if not setting.secret:
                field.initial = (stored or {}).get(setting.name, setting.default)
            self.fields[PREFIX + setting.name] = field

    def values(self) -> dict[str, Any]:
        """What to hand to the service: every setting by its own name."""
        return {
            setting.name: self.cleaned_data.get(PREFIX + setting.name) for setting in self.manifest.settings
        }


class NamedForm(SettingsForm):
    """With the name, and how often to poll where that is done at all."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget())
    poll_seconds = forms.FloatField(
        label=gettext_lazy("Poll every (seconds)"),
        min_value=0.5,
        max_value=86_400,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    known: Connection | None = None

    def poll_drop(self) -> None:
        """Leave the polling out for a connector that is not polled."""
        manifest = self.manifest
        if manifest.kind is not ConnectorKind.ERP or manifest.erp is None or not manifest.erp.polls:
            del self.fields["poll_seconds"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Connection.objects.filter(name=name)
        if self.known is not None:
            others = others.exclude(pk=self.known.pk)
        if others.exists():
            raise forms.ValidationError(_("Another connection has this name."))
        return name


class EditForm(NamedForm):
    """A stored connection: its short name and connector stay."""

    retention_days = forms.IntegerField(
        label=gettext_lazy("Keep payloads (days)"),
        help_text=gettext_lazy("What an event said is removed afterwards; what became of it stays."),
        min_value=1,
        max_value=36_500,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, connection: Connection, data: Any = None, *, secrets: frozenset[str]) -> None:
        super().__init__(connection.manifest, data, stored=connection.settings, secrets=secrets)
        self.known = connection
        self.fields["name"].initial = connection.name
        self.fields["poll_seconds"].initial = connection.poll_seconds
        self.fields["retention_days"].initial = connection.retention_days
        self.poll_drop()
        if connection.kind != ConnectorKind.ERP:
            del self.fields["retention_days"]


class ConnectionForm(NamedForm):
    """A new connection."""

    slug = forms.CharField(
        label=gettext_lazy("Short name"),
        max_length=60,
        help_text=gettext_lazy(
            "Small letters, digits and hyphens. Part of the address others send events to."
        ),
        validators=[RegexValidator(r"^[a-z0-9-]+$", gettext_lazy("Small letters, digits and hyphens only."))],
        widget=UnfoldAdminTextInputWidget(attrs={"autocapitalize": "none"}),
    )
    field_order = ("name", "slug", "poll_seconds")

    def __init__(self, manifest: Manifest, data: Any = None) -> None:
        super().__init__(manifest, data)
        self.fields["poll_seconds"].initial = manifest.poll_seconds
        self.order_fields(self.field_order)
        self.poll_drop()

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if Connection.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("Another connection has this short name."))
        return slug

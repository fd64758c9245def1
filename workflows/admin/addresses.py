"""Addresses rules may call. Secret headers are written, never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import ConfigError
from kernel.http import url_check
from kernel.secrets import SecretDict
from permissions.admin.base import ByRightAdmin
from workflows.models import HttpAddress

if TYPE_CHECKING:
    from django.forms import Textarea
else:
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea


class HttpAddressForm(forms.ModelForm[HttpAddress]):
    """Headers one to a line; left empty, those stored stay."""

    headers = forms.CharField(
        label=gettext_lazy("Secret headers"),
        required=False,
        widget=Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One a line, like Authorization: Bearer …. Stored encrypted; empty: they stay as they are."
        ),
    )

    class Meta:
        model = HttpAddress
        fields = (
            "name",
            "slug",
            "connection",
            "base_url",
            "headers",
            "timeout_seconds",
            "repeats_safely",
            "active",
        )

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"])
        try:
            url_check(url)
        except ConfigError as error:
            raise forms.ValidationError(error.message) from error
        return url

    def clean_headers(self) -> dict[str, str]:
        found = {}
        for line in self.cleaned_data["headers"].splitlines():
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not line.strip():
                continue
            if not colon or not value or not name.isascii() or not name.replace("-", "").isalnum():
                raise forms.ValidationError(_("Write a header as its name, a colon and its value."))
            found[name] = value
        return found

    def save(self, commit: bool = True) -> HttpAddress:
        if self.cleaned_data["headers"]:
            self.instance.secrets = SecretDict(self.cleaned_data["headers"])
        return super().save(commit)


@admin.register(HttpAddress)
class HttpAddressAdmin(ByRightAdmin):
    form = HttpAddressForm
    list_display = ("name", "slug", "connection", "base_url", "active")
    search_fields = ("name", "slug", "base_url")

    def visible(self, request: HttpRequest) -> QuerySet[Any]:
        return super().visible(request).select_related("connection")

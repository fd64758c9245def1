"""Quiet hours and the interruption budget as a person or an administrator fills them in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy

from kernel.errors import ConfigError
from messaging.models import Attention
from messaging.services.attention import attention_check

WISHES = ("quiet_from", "quiet_until", "quiet_days", "calendar", "hour_budget", "day_budget")


class AttentionForm(forms.ModelForm[Attention]):
    quiet_days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("quiet days"),
        required=False,
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple(),
    )

    class Meta:
        model = Attention
        fields: tuple[str, ...] = WISHES

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                attention_check(Attention(**{name: cleaned.get(name) for name in WISHES}))
            except ConfigError as error:
                raise forms.ValidationError(error.message) from error
        return cleaned

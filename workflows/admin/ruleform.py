"""Forms of a rule: its names and its definition as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget


class DefinitionField(forms.CharField):
    """A JSON object in a text area; says at which line it stops being readable."""

    def __init__(self, **options: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 24, "class": "b-code", "spellcheck": "false"})
        super().__init__(label=gettext_lazy("Definition (JSON)"), widget=widget, **options)

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False, indent=2) if isinstance(value, Mapping) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            words = {"line": error.lineno, "column": error.colno, "reason": error.msg}
            raise forms.ValidationError(
                _("This is no readable JSON: line %(line)s, column %(column)s: %(reason)s") % words
            ) from error
        except RecursionError as error:
            raise forms.ValidationError(_("This is nested too deeply.")) from error
        if not isinstance(found, dict):
            raise forms.ValidationError(_("A rule is a JSON object."))
        return found


class DraftForm(forms.Form):
    name_en = forms.CharField(
        label=gettext_lazy("Name (English)"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    name_zh = forms.CharField(
        label=gettext_lazy("Name (Chinese)"),
        max_length=120,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    draft = DefinitionField()

    def __init__(self, data: Any = None, *, initial: Mapping[str, Any] | None = None) -> None:
        given = dict(initial or {})
        names = given.pop("name", {})
        super().__init__(data, initial={"name_en": names.get("en"), "name_zh": names.get("zh-hans"), **given})

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("name_en") and not cleaned.get("name_zh"):
            self.add_error("name_en", _("Give the rule a name in at least one language."))
        return cleaned

    def name(self) -> dict[str, str]:
        english, chinese = self.cleaned_data["name_en"], self.cleaned_data["name_zh"]
        return {"en": english or chinese, "zh-hans": chinese or english}

"""The person's own page for quiet hours and the interruption budget."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inbox.middleware import person_zone
from inbox.views import staff_page
from messaging.forms import WISHES, AttentionForm
from messaging.models import Attention
from messaging.services.attention import attention_set
from permissions.models import User


@staff_page
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def attention_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    stored = Attention.objects.filter(user=user).first()
    form = AttentionForm(request.POST or None, instance=stored or Attention(user=user))
    if request.method == "POST" and form.is_valid():
        attention_set(user, user, {name: form.cleaned_data[name] for name in WISHES})
        messages.success(request, _("Your quiet hours are stored."))
        return HttpResponseRedirect(reverse("inbox-attention"))
    context = {"form": form, "zone": person_zone(user.time_zone).key}
    return render(request, "inbox/attention.html", context, status=400 if form.errors else 200)

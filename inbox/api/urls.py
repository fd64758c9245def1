"""Addresses under /api/v1/."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView

from inbox.api import (
    accessreview,
    approvals,
    backtests,
    catalogue,
    connections,
    deadletters,
    deliveries,
    drafts,
    dryrun,
    emergency,
    events,
    inbox,
    launch,
    ledger,
    packs,
    rules,
    runs,
    seen,
    sharing,
    starting,
    testing,
    token,
    versions,
    why,
    wording,
)
from inbox.api.schema import OnceGenerator


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> JsonResponse:
    """An unknown address under the API answers as the API does, not with a page."""
    detail = _("There is nothing at this address. The addresses are described in /api/v1/schema/.")
    return JsonResponse({"detail": detail, "code": "not_found"}, status=404)


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(generator_class=OnceGenerator), name="schema"),
    path("token/", token.TokenTake.as_view(), name="token"),
    path("connections/", connections.ConnectionList.as_view(), name="connections"),
    path("connections/<int:pk>/", connections.ConnectionOne.as_view(), name="connection"),
    path("connections/<int:pk>/check/", connections.ConnectionCheck.as_view(), name="connection-check"),
    path(
        "connections/<int:pk>/discover/", connections.ConnectionDiscover.as_view(), name="connection-discover"
    ),
    path("connections/<int:pk>/pause/", connections.ConnectionPause.as_view(), name="connection-pause"),
    path("connections/<int:pk>/resume/", connections.ConnectionResume.as_view(), name="connection-resume"),
    path("rules/", rules.RuleList.as_view(), name="rules"),
    path("rules/catalogue/", catalogue.Catalogue.as_view(), name="catalogue"),
    path(
        "rules/catalogue/<int:connection>/<slug:object>/",
        catalogue.CatalogueObject.as_view(),
        name="catalogue-object",
    ),
    path("rules/packs/<int:connection>/", packs.PackList.as_view(), name="packs"),
    path("rules/packs/<int:connection>/<slug:key>/", packs.PackOne.as_view(), name="pack"),
    path("rules/sentence/", drafts.RuleSentence.as_view(), name="rule-sentence"),
    path("rules/<int:pk>/", rules.RuleOne.as_view(), name="rule"),
    path("rules/<int:pk>/text/", wording.RuleText.as_view(), name="rule-text"),
    path("rules/<int:pk>/check/", rules.RuleCheck.as_view(), name="rule-check"),
    path("rules/<int:pk>/publish/", versions.RulePublish.as_view(), name="rule-publish"),
    path("rules/<int:pk>/dryrun/", dryrun.RuleDryRun.as_view(), name="rule-dryrun"),
    path("rules/<int:pk>/backtests/", backtests.BackTestList.as_view(), name="backtests"),
    path("rules/<int:pk>/backtests/<int:number>/", backtests.BackTestOne.as_view(), name="backtest"),
    path(
        "rules/<int:pk>/backtests/<int:number>/cancel/",
        backtests.BackTestCancel.as_view(),
        name="backtest-cancel",
    ),
    path(
        "rules/<int:pk>/backtests/<int:number>/hits/", backtests.BackTestHits.as_view(), name="backtest-hits"
    ),
    path("rules/<int:pk>/versions/", versions.VersionList.as_view(), name="rule-versions"),
    path("rules/<int:pk>/versions/<int:number>/", versions.VersionOne.as_view(), name="rule-version"),
    path("rules/<int:pk>/differences/", versions.RuleDifferences.as_view(), name="rule-differences"),
    path("rules/<int:pk>/rollback/", versions.RuleRollBack.as_view(), name="rule-rollback"),
    path("rules/<int:pk>/already/", starting.RuleAlready.as_view(), name="rule-already"),
    path("rules/<int:pk>/start/", starting.RuleStart.as_view(), name="rule-start"),
    path("rules/<int:pk>/schedule/", starting.RuleSchedule.as_view(), name="rule-schedule"),
    path("rules/<int:pk>/duplicate/", drafts.RuleDuplicate.as_view(), name="rule-duplicate"),
    path("rules/<int:pk>/owner/", drafts.RuleOwner.as_view(), name="rule-owner"),
    path("rules/<int:pk>/launch/", launch.RuleLaunch.as_view(), name="rule-launch"),
    path("rules/<int:pk>/why/", why.RuleWhy.as_view(), name="rule-why"),
    path("rules/<int:pk>/test/", testing.RuleTest.as_view(), name="rule-test"),
    path("rules/<int:pk>/four-eyes/", approvals.RuleFourEyes.as_view(), name="rule-four-eyes"),
    path("rules/<int:pk>/off/", rules.RuleOff.as_view(), name="rule-off"),
    path("rules/<int:pk>/on/", rules.RuleOn.as_view(), name="rule-on"),
    path("events/", events.EventList.as_view(), name="events"),
    path("events/<int:pk>/", events.EventOne.as_view(), name="event"),
    path("runs/", runs.RunList.as_view(), name="runs"),
    path("runs/<int:pk>/", runs.RunOne.as_view(), name="run"),
    path("runs/<int:pk>/trace/", runs.RunTraceOne.as_view(), name="run-trace"),
    path("steps/<int:pk>/replay/", runs.StepReplay.as_view(), name="step-replay"),
    path("dead-letters/", deadletters.DeadLetterList.as_view(), name="dead-letters"),
    path("dead-letters/operations/", deadletters.BulkStart.as_view(), name="bulk"),
    path("dead-letters/operations/<int:pk>/", deadletters.BulkOne.as_view(), name="bulk-one"),
    path("dead-letters/operations/<int:pk>/cancel/", deadletters.BulkCancel.as_view(), name="bulk-cancel"),
    path("deliveries/", deliveries.DeliveryList.as_view(), name="deliveries"),
    path("access-review/", accessreview.ReviewList.as_view(), name="access-review"),
    path("access-review/sign/", accessreview.ReviewSign.as_view(), name="access-review-sign"),
    path(
        "signatures/<int:pk>/withdraw/", accessreview.SignatureWithdraw.as_view(), name="signature-withdraw"
    ),
    path("grants/<int:pk>/end/", accessreview.GrantEnd.as_view(), name="grant-end"),
    path("emergency/", emergency.EmergencyList.as_view(), name="emergency"),
    path("emergency/<int:pk>/end/", emergency.EmergencyEnd.as_view(), name="emergency-end"),
    path("rules/<int:pk>/shares/", sharing.RuleShares.as_view(), name="rule-shares"),
    path("connections/<int:pk>/shares/", sharing.ConnectionShares.as_view(), name="connection-shares"),
    path("seen/", seen.SeenAsk.as_view(), name="seen"),
    path("ledger/", ledger.Ledger.as_view(), name="ledger"),
    path("inbox/", inbox.CardList.as_view(), name="cards"),
    path("inbox/seen/", inbox.CardsSeen.as_view(), name="cards-seen"),
    path("inbox/<uuid:uid>/", inbox.CardOne.as_view(), name="card"),
    path("inbox/<uuid:uid>/answer/", inbox.CardAnswer.as_view(), name="card-answer"),
    path("inbox/<uuid:uid>/reply/", inbox.CardReply.as_view(), name="card-reply"),
    re_path(r"^(?P<rest>.*)$", nothing_here, name="nothing-here"),
]

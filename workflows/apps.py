from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = _("Rules")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kernel import doorbell
        from kernel.timers import timer_register
        from workflows.catalog import ACTIONS, PACKS, TRIGGERS
        from workflows.engine.backtest import BACKTEST_QUEUE, backtest_drain, backtest_due
        from workflows.engine.causes import FOOTPRINT_QUEUE, footprints_are_due, footprints_prune
        from workflows.engine.execute import execute_drain, execute_due
        from workflows.engine.overdue import OVERDUE_QUEUE, overdue_drain, overdue_is_due
        from workflows.engine.plan import BATCH, PLAN_QUEUE, plan_drain, plan_due
        from workflows.engine.queues import EXECUTE_QUEUE
        from workflows.engine.starting import starting_register
        from workflows.engine.stopping import STOP_QUEUE, stop_drain, stop_due
        from workflows.services.accessreport import access_reports_send
        from workflows.services.bulk import BULK_QUEUE, bulk_drain, bulk_due
        from workflows.services.counters import counters_tell
        from workflows.services.disclosures import disclosures_fold
        from workflows.services.health import health_run
        from workflows.services.pruning import prune_run
        from workflows.services.summary import summaries_send

        TRIGGERS.check()
        ACTIONS.check()
        PACKS.check()
        doorbell.queue_register(PLAN_QUEUE, drain=plan_drain, waiting=plan_due, full=BATCH)
        doorbell.queue_register(EXECUTE_QUEUE, drain=execute_drain, waiting=execute_due, threads=8)
        doorbell.queue_register(STOP_QUEUE, drain=stop_drain, waiting=stop_due)
        starting_register()
        timer_register("counters", counters_tell)
        timer_register("summary", summaries_send)
        timer_register("prune", prune_run)
        timer_register("disclosures", disclosures_fold)
        timer_register("access-report", access_reports_send)
        timer_register("health", health_run)
        doorbell.queue_register(BULK_QUEUE, drain=bulk_drain, waiting=bulk_due)
        doorbell.queue_register(OVERDUE_QUEUE, drain=overdue_drain, is_due=overdue_is_due)
        doorbell.queue_register(FOOTPRINT_QUEUE, drain=footprints_prune, is_due=footprints_are_due)
        doorbell.queue_register(BACKTEST_QUEUE, drain=backtest_drain, waiting=backtest_due)
        self._handlers_subscribe()

    @staticmethod
    def _handlers_subscribe() -> None:
        """Who acts on the answers to each kind of card."""
        from messaging.bindings import subscribe
        from messaging.services.notices import NoticeHandler
        from workflows.engine.flood import HANDLER as FLOOD
        from workflows.engine.refresh import HANDLER
        from workflows.engine.telling import HANDLER as NOTICE
        from workflows.services.answering import StepHandler
        from workflows.services.approvals import HANDLER as APPROVAL
        from workflows.services.approving import ApprovalHandler
        from workflows.services.resuming import FloodHandler
        from workflows.services.testing import HANDLER as TEST
        from workflows.services.testing import TestHandler

        subscribe(HANDLER, StepHandler())
        subscribe(NOTICE, NoticeHandler())
        subscribe(FLOOD, FloodHandler())
        subscribe(TEST, TestHandler())
        subscribe(APPROVAL, ApprovalHandler())

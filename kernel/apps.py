from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KernelConfig(AppConfig):
    name = "kernel"
    verbose_name = _("Trail")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kernel import doorbell, timers

        doorbell.queue_register(timers.TIMER_QUEUE, drain=timers.timers_drain, waiting=timers.timers_due)

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PermissionsConfig(AppConfig):
    name = "permissions"
    verbose_name = _("Permissions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kernel import doorbell
        from kernel.access import access_bind
        from permissions import objects
        from permissions.services import following

        access_bind(objects)
        doorbell.queue_register(
            following.PEOPLE_QUEUE, drain=following.people_drain, waiting=following.people_due
        )

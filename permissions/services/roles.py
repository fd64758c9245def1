"""The kinds of users of Baton itself, as groups with model rights. Rights on single objects are shared on top."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

IT, ANALYST, OWNER, AUDITOR, STAFF = (
    "IT administrators",
    "Business analysts",
    "Data owners",
    "Auditors",
    "Staff",
)

RIGHTS: dict[str, tuple[str, ...]] = {
    IT: (
        "connectors.add_connection",
        "connectors.change_connection",
        "connectors.view_connection",
        "connectors.delete_connection",
        "connectors.operate_connection",
        "connectors.view_objectmapping",
        "connectors.change_objectmapping",
        "connectors.view_recordedobject",
        "connectors.change_recordedobject",
        "permissions.view_user",
        "permissions.add_user",
        "permissions.change_user",
        "permissions.view_identity",
        "permissions.add_identity",
        "permissions.change_identity",
        "permissions.view_rolemapping",
        "permissions.add_rolemapping",
        "permissions.change_rolemapping",
        "permissions.view_directorysync",
        "permissions.change_directorysync",
        "permissions.use_breakglass",
        "messaging.view_groupchat",
        "messaging.change_groupchat",
        "messaging.view_attention",
        "messaging.add_attention",
        "messaging.change_attention",
        "messaging.delete_attention",
        "messaging.view_holidaycalendar",
        "messaging.view_substitute",
        "messaging.add_holidaycalendar",
        "messaging.add_substitute",
        "messaging.change_holidaycalendar",
        "messaging.change_substitute",
        "messaging.delete_holidaycalendar",
        "workflows.view_httpaddress",
        "workflows.add_httpaddress",
        "workflows.change_httpaddress",
        "workflows.delete_httpaddress",
        "messaging.delete_substitute",
    ),
    ANALYST: ("workflows.add_rule",),
    OWNER: (
        "permissions.view_grant",
        "permissions.add_grant",
        "permissions.change_grant",
        "permissions.delete_grant",
        "permissions.view_signature",
        "permissions.view_breakglass",
        "permissions.change_breakglass",
        "permissions.view_user",
        "auth.view_group",
        "workflows.view_rule",
    ),
    AUDITOR: (
        "connectors.view_connection",
        "connectors.view_objectmapping",
        "connectors.view_recordedobject",
        "connectors.view_event",
        "workflows.view_rule",
        "workflows.view_run",
        "messaging.view_delivery",
        "messaging.view_interaction",
        "messaging.view_reply",
        "messaging.view_groupchat",
        "messaging.view_attention",
        "messaging.view_holidaycalendar",
        "messaging.view_substitute",
        "permissions.view_user",
        "permissions.view_identity",
        "permissions.view_grant",
        "permissions.view_signature",
        "permissions.view_breakglass",
        "permissions.view_rolemapping",
        "permissions.view_directorysync",
        "kernel.view_auditentry",
    ),
    STAFF: (),
}


def roles_ensure() -> dict[str, Group]:
    """Create the groups and set their model rights exactly. Safe to repeat."""
    groups = {}
    for name, codenames in RIGHTS.items():
        group, _created = Group.objects.get_or_create(name=name)
        wanted = []
        for codename in codenames:
            app, _, code = codename.partition(".")
            wanted.append(Permission.objects.get(content_type__app_label=app, codename=code))
        group.permissions.set(wanted)
        groups[name] = group
    return groups

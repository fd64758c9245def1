"""The pages of people and their rights."""

from permissions.admin.directory import DirectorySyncAdmin
from permissions.admin.grants import GrantAdmin
from permissions.admin.people import IdentityAdmin, PersonAdmin, RoleAdmin, RoleMappingAdmin

__all__ = [
    "DirectorySyncAdmin",
    "GrantAdmin",
    "IdentityAdmin",
    "PersonAdmin",
    "RoleAdmin",
    "RoleMappingAdmin",
]

"""The pages of IT: connections, their mappings, what arrives."""

from connectors.admin.connection import ConnectionAdmin

__all__ = ["ConnectionAdmin"]

"""What the rule editor offers: connections and their objects, and everything about one object."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.base import ApiView, Moment, person
from inbox.api.schema import BothLanguages
from workflows.selectors import catalogue, catalogue_object


class Offered(serializers.Serializer[Any]):
    """What cannot be used says why."""

    usable = serializers.BooleanField()
    reason = BothLanguages(allow_null=True)


class ObjectShown(Offered):
    name = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    plural = BothLanguages()
    synonyms = serializers.ListField(child=serializers.CharField())


class RecordedShown(ObjectShown):
    recorded_since = Moment(allow_null=True)


class BuildableShown(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()
    objects = RecordedShown(many=True)


class CatalogueShown(serializers.Serializer[Any]):
    """The connections this person may build rules on."""

    connections = BuildableShown(many=True)


class CodeShown(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]


class FieldOffered(Offered):
    """`path` is what a condition's `var` takes; `sample` is the value of a recent record as the reader may see it."""

    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "name": serializers.CharField(),
            "path": serializers.CharField(),
            "label": BothLanguages(),
            "synonyms": serializers.ListField(child=serializers.CharField()),
            "type": serializers.CharField(),
            "decimals": serializers.IntegerField(),
            "unit": serializers.CharField(allow_blank=True),
            "currency_field": serializers.CharField(allow_blank=True),
            "codes": CodeShown(many=True),
            "class": serializers.CharField(),
            "person": serializers.BooleanField(),
            "required": serializers.BooleanField(),
            "mapped": serializers.BooleanField(),
            "sample": serializers.CharField(allow_null=True),
            "items": serializers.ListField(child=serializers.DictField()),
        }


class OperatorShown(serializers.Serializer[Any]):
    operator = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    types = serializers.ListField(child=serializers.CharField())
    operands = serializers.IntegerField()


class BlockShown(Offered):
    """`params` is a JSON Schema."""

    key = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    params = serializers.DictField()


class TriggerShown(BlockShown):
    """`object` is the one of Baton's own that it is about (empty: the rule chooses); `policies` those it can have."""

    object = serializers.CharField(allow_blank=True)
    policies = serializers.ListField(child=serializers.CharField())


class GivenShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()


class ActionShown(BlockShown):
    """`gives` are the values that later actions and texts may use of it; `asks`: it tells or asks people."""

    first = serializers.BooleanField()
    follows = serializers.BooleanField()
    gives = GivenShown(many=True)
    asks = serializers.BooleanField()


class RecipientShown(Offered):
    """`fields` name the fields of the object that hold a person."""

    type = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    params = serializers.DictField()
    fields = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]


class PersonShown(serializers.Serializer[Any]):
    username = serializers.CharField()
    name = serializers.CharField()


class RoleShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    people = serializers.IntegerField()


class ChannelLimits(serializers.Serializer[Any]):
    buttons = serializers.IntegerField()
    card_input = serializers.BooleanField()
    update = serializers.BooleanField()  # type: ignore[assignment]
    text_reply = serializers.BooleanField()
    text_bytes = serializers.IntegerField()


class ChannelShown(Offered):
    slug = serializers.CharField()
    name = serializers.CharField()
    connector = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    limits = ChannelLimits()


class WriteShown(serializers.Serializer[Any]):
    key = serializers.CharField()
    object = serializers.CharField()
    label = BothLanguages()  # type: ignore[assignment]
    required = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    optional = serializers.ListField(child=serializers.CharField())


class GroupChatShown(Offered):
    """`ref` is how a rule names it; `members` how many the messenger last told of."""

    ref = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.CharField()
    members = serializers.IntegerField()
    otherwise = serializers.CharField()


class ConnectionNamed(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()


class ObjectCatalogueShown(serializers.Serializer[Any]):
    """Everything the editor offers for one object of one connection; see docs/api.md."""

    connection = ConnectionNamed()
    object = ObjectShown()
    fields = FieldOffered(many=True)  # type: ignore[assignment]
    operators = OperatorShown(many=True)
    triggers = TriggerShown(many=True)
    actions = ActionShown(many=True)
    policies = BlockShown(many=True)
    recipients = RecipientShown(many=True)
    people = PersonShown(many=True)
    roles = RoleShown(many=True)
    channels = ChannelShown(many=True)
    calendars = serializers.ListField(child=serializers.CharField())
    group_chats = GroupChatShown(many=True)
    writes = WriteShown(many=True)


class Catalogue(ApiView):
    @extend_schema(responses=CatalogueShown, summary="What a rule can be built on")
    def get(self, request: Request) -> Response:
        return Response(CatalogueShown({"connections": catalogue(person(request))}).data)


class CatalogueObject(ApiView):
    @extend_schema(responses=ObjectCatalogueShown, summary="What the editor offers for one object")
    def get(self, request: Request, connection: int, object: str) -> Response:
        found = catalogue_object(person(request), connection, object)
        return Response(ObjectCatalogueShown(found).data)

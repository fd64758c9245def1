"""Every surface somebody can look at, visited as that person, and searched."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from rest_framework.test import APIClient

from connectors.models import Event
from kernel.models import LiveEvent
from messaging.models import Delivery, DeliveryState, Interaction
from messaging.services.replies import content_answer
from tests.leaks.asking import API, NOBODYS, Asking
from tests.leaks.company import Company, digits
from tests.leaks.oracle import Leak, State, Withheld
from workflows.models import Run


class Visit(Asking):
    """One person at one surface."""

    def __init__(self, company: Company, login: str) -> None:
        self.company, self.login, self.oracle = company, login, company.oracle
        self.person = company.people[login]
        self.client = APIClient(headers={"accept-language": "en"})
        self.client.force_login(self.person)

    def visit(self, surface: str) -> None:
        getattr(self, surface)()

    def get(self, path: str, *, told: bool = False) -> Any:
        answer = self.client.get(path)
        self.company.shown(self.login, path, answer.content.decode(), told=told)
        return answer

    def _asked(self) -> list[Interaction]:
        mine = Delivery.objects.filter(user=self.person).exclude(state=DeliveryState.REFUSED)
        return list(Interaction.objects.filter(pk__in=mine.values("interaction")).select_related("record"))

    def _present(self, where: str, found: str, state: State, *, priced: bool) -> None:
        if state.sku not in found:
            raise Withheld(f"{self.login} was not shown {state.sku} on {where}")
        if priced and state.price_words[0] not in found:
            raise Withheld(f"{self.login} was not shown the price {state.price} on {where}")

    def cards(self) -> None:
        found = digits(self.get(f"{API}/inbox/", told=True).content.decode())
        for question in self._asked():
            now = self.oracle.latest(self.company.item_of(question))
            if self.oracle.sees(self.login, now, told=True):
                shown = self.company.state_of(question.card["data"])
                priced = self.oracle.sees_price(self.login, now, told=True)
                self._present("their cards", found, shown, priced=priced)

    def card(self) -> None:
        for question in self._asked():
            self.get(f"{API}/inbox/{question.uid}/", told=True)

    def forwarded_link(self) -> None:
        """The address of a card somebody else was sent: as if there were none."""
        mine = {each.pk for each in self._asked()}
        for question in Interaction.objects.exclude(pk__in=mine):
            self._as_if_nothing(
                f"{API}/inbox/{question.uid}/", f"{API}/inbox/{'0' * 8}-{'0000-' * 3}{'0' * 12}/"
            )

    def hint(self) -> None:
        for question in self._asked():
            answer = self.client.post(f"{API}/inbox/{question.uid}/reply/", {"text": "what?"}, format="json")
            self.company.shown(self.login, "a hint", answer.content.decode(), told=True)

    def hint_by_message(self) -> None:
        for question in self._asked():
            if self.login in self.oracle.active:  # a leaver's message is nobody's
                result = content_answer(question, self.person, {"text": "what?"}, channel="im.webhook")
                self.company.shown(self.login, "a hint by message", str(result), told=True)

    def errors(self) -> None:
        for question in self._asked():
            for body in ({"button": "buy", "inputs": {"price": "x"}}, {"button": "nothing"}):
                answer = self.client.post(f"{API}/inbox/{question.uid}/answer/", body, format="json")
                self.company.shown(self.login, "an error", answer.content.decode(), told=True)

    def seen(self) -> None:
        """A hint to open pages names cards, never what is on them."""
        for each in LiveEvent.objects.all():
            if any(secret in digits(str(each.payload)) for secret in self.oracle.forbidden("nobody")):
                raise Leak("a live hint tells a value")

    def events(self) -> None:
        answer = self.get(f"{API}/events/?limit=200")
        found = digits(answer.content.decode())
        for state in self._states_to_list():
            self._present("the ledger", found, state, priced=self.oracle.sees_price(self.login, state))

    def _states_to_list(self) -> list[State]:
        reads = self.login in self.oracle.active and self.login in ("vera", "audit", "ida")
        return [each for each in self.oracle.states if reads and self.oracle.sees(self.login, each)]

    def event(self) -> None:
        for event in Event.objects.all():
            if self.oracle.sees(self.login, self.company.state_of(event.after or {})):
                self.get(f"{API}/events/{event.pk}/")
            else:
                self._as_if_nothing(f"{API}/events/{event.pk}/", f"{API}/events/{NOBODYS}/")

    def event_by_key(self) -> None:
        for state in self.oracle.states:
            rows = self.client.get(f"{API}/events/?key={state.sku}").json().get("results", [])
            if rows and not any(
                self.oracle.sees(self.login, each) for each in self.oracle.states if each.item == state.item
            ):
                raise Leak(f"{self.login} found that there is {state.sku}")

    def runs(self) -> None:
        self.get(f"{API}/runs/")

    def run(self) -> None:
        self._runs("")

    def trace(self) -> None:
        self._runs("trace/")

    def _runs(self, page: str) -> None:
        for run in Run.objects.select_related("event"):
            if self.oracle.sees(self.login, self.company.state_of(run.event.after or {})):
                self.get(f"{API}/runs/{run.pk}/{page}")
            else:
                self._as_if_nothing(f"{API}/runs/{run.pk}/{page}", f"{API}/runs/{NOBODYS}/{page}")

    def deliveries(self) -> None:
        self.get(f"{API}/deliveries/")

    def ledger(self) -> None:
        """A total counts nothing hidden for whom the connection is only shared with."""
        total = self.get(f"{API}/ledger/").json().get("total", 0)
        hidden = any(not self.oracle.sees(self.login, each) for each in self.oracle.states)
        if self.login == "vera" and hidden and total:
            raise Leak("vera counted what vera may not see")

    def admin_overview(self) -> None:
        self.get("/admin/")

    def admin_events(self) -> None:
        self.get("/admin/connectors/event/")

    def admin_event(self) -> None:
        self._newest("/admin/connectors/event/{}/change/", Event)

    def admin_search(self) -> None:
        """Searching for a key one may not know finds nothing, whether it is there or not."""
        for item in {each.item for each in self.oracle.states}:
            states = [each for each in self.oracle.states if each.item == item]
            answer = self.client.get(f"/admin/connectors/event/?q={states[0].sku}")
            rows = [
                pk
                for pk in Event.objects.values_list("pk", flat=True)
                if f">#{pk}<" in answer.content.decode()
            ]
            if rows and not any(self.oracle.sees(self.login, each) for each in states):
                raise Leak(f"{self.login} searched and found that there is {states[0].sku}")

    def admin_runs(self) -> None:
        self.get("/admin/workflows/run/")

    def admin_run(self) -> None:
        self._newest("/admin/workflows/run/{}/change/", Run)

    def admin_cards(self) -> None:
        self.get("/admin/messaging/interaction/")

    def admin_card(self) -> None:
        self._newest("/admin/messaging/interaction/{}/change/", Interaction)

    def admin_deliveries(self) -> None:
        self.get("/admin/messaging/delivery/")

    def admin_delivery(self) -> None:
        self._newest("/admin/messaging/delivery/{}/change/", Delivery)

    def admin_dead_letters(self) -> None:
        self.get("/admin/workflows/run/dead-letters/")

    def _newest(self, path: str, model: Any) -> None:
        newest = model.objects.aggregate(pk=Max("pk"))["pk"]
        if newest is not None:
            self.get(path.format(newest))

    def _as_if_nothing(self, there: str, nowhere: str) -> None:
        """What is hidden answers as what does not exist."""
        hidden, absent = self.get(there), self.client.get(nowhere)
        if (hidden.status_code, hidden.content) != (absent.status_code, absent.content):
            raise Leak(f"{self.login} learned from {hidden.status_code} that something is at {there}")

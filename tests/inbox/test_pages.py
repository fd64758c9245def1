"""Pages as the server gives them: who gets in, what a GET may do, in which language and zone."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from inbox.catalog import PAGE_WORDS
from inbox.middleware import client_address, person_zone
from tests.inbox.conftest import PASSWORD, person_add

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def log_in(client: Client, username: str, password: str = PASSWORD, target: str = "") -> object:
    return client.post("/login/", {"username": username, "password": password, "next": target})


def test_a_stranger_is_sent_to_log_in_and_back_to_the_card() -> None:
    card = uuid.uuid4()
    response = Client().get(f"/inbox/{card}/")
    assert (response.status_code, response["Location"]) == (302, f"/login/?next=/inbox/{card}/")

    person_add("buyer")
    client = Client()
    response = client.post("/login/", {"username": "buyer", "password": PASSWORD, "next": f"/inbox/{card}/"})
    assert (response.status_code, response["Location"]) == (302, f"/inbox/{card}/")
    assert f'"card": "{card}"' in client.get(f"/inbox/{card}/").content.decode()


def test_login_leads_to_no_other_site() -> None:
    person_add("buyer")
    response = Client().post(
        "/login/", {"username": "buyer", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert response["Location"] == "/"


@pytest.mark.parametrize(("staff", "target"), [(False, "/inbox/"), (True, "/admin/")])
def test_home_leads_to_the_persons_work(staff: bool, target: str) -> None:
    client = Client()
    client.force_login(person_add("somebody", is_staff=staff))
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, target)


def test_a_wrong_password_is_said_and_the_name_kept() -> None:
    person_add("buyer")
    response = Client().post("/login/", {"username": "buyer", "password": "wrong"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "The user name or the password is wrong." in page
    assert 'value="buyer"' in page and "wrong-" not in page


def test_a_switched_off_account_is_told_no_more_than_a_wrong_password() -> None:
    person_add("leaver", is_active=False)
    response = Client().post("/login/", {"username": "leaver", "password": PASSWORD})
    assert "The user name or the password is wrong." in response.content.decode()
    assert "_auth_user_id" not in response.wsgi_request.session


def test_too_many_attempts_lock_the_door_even_for_the_right_password(settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    person_add("buyer")
    client = Client()
    codes = [client.post("/login/", {"username": "buyer", "password": "wrong"}).status_code for _ in range(3)]
    response = client.post("/login/", {"username": "buyer", "password": PASSWORD})
    assert codes == [200, 200, 429]
    assert response.status_code == 429
    assert "Wait 6 minutes" in response.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("address", ["/inbox/", "/app.webmanifest", "/worker.js", "/"])
def test_pages_only_show(address: str) -> None:
    client = Client()
    client.force_login(person_add("buyer"))
    assert client.post(address).status_code == 405


def test_signing_out_is_a_post() -> None:
    client = Client()
    client.force_login(person_add("buyer"))
    assert client.get("/logout/").status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post("/logout/")["Location"] == "/login/"
    assert "_auth_user_id" not in client.session


def test_the_page_runs_only_our_own_scripts_and_is_not_cached() -> None:
    client = Client()
    client.force_login(person_add("buyer", first_name="</script><b>"))
    response = client.get("/inbox/")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "default-src 'none'" in policy and "unsafe" not in policy
    assert "no-store" in response["Cache-Control"]
    page = response.content.decode()
    assert "</script><b>" not in page and "<b>" not in page
    assert " onclick" not in page and "style=" not in page
    assert response.cookies["csrftoken"].value


def test_the_page_speaks_the_persons_language_until_this_browser_chose_another() -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person_add("buyer", language="zh-hans"))
    response = client.get("/inbox/")
    assert '<html lang="zh-hans">' in response.content.decode()
    assert "收件箱" in response.content.decode()
    assert response["Content-Language"] == "zh-hans"

    client.post("/i18n/setlang/", {"language": "en", "next": "/inbox/"})
    response = client.get("/inbox/")
    assert '<html lang="en">' in response.content.decode()
    assert response["Content-Language"] == "en"


def test_every_word_of_the_page_is_translated() -> None:
    from django.utils import translation

    with translation.override("en"):
        english = {key: str(word) for key, word in PAGE_WORDS.items()}
    with translation.override("zh-hans"):
        same = [key for key, word in PAGE_WORDS.items() if str(word) == english[key]]
    assert same == []


def test_a_zone_that_does_not_exist_locks_nobody_out(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    client = Client()
    client.force_login(person_add("buyer", time_zone="Mars/Base"))
    assert '"timeZone": "Europe/Paris"' in client.get("/inbox/").content.decode()
    assert [person_zone(name).key for name in ("Asia/Tokyo", "", "../etc")] == ["Asia/Tokyo"] + [
        "Europe/Paris"
    ] * 2


def test_the_app_can_be_put_on_a_home_screen() -> None:
    response = Client().get("/app.webmanifest")
    manifest = response.json()
    assert response["Content-Type"] == "application/manifest+json"
    assert (manifest["start_url"], manifest["display"]) == ("/inbox/", "standalone")
    worker = Client().get("/worker.js")
    assert worker["Content-Type"] == "text/javascript"
    assert '"/inbox/"' in worker.content.decode()


@pytest.mark.parametrize(
    ("proxy", "forwarded", "expected"),
    [
        (None, "6.6.6.6", "10.0.0.9"),
        (("HTTP_X_FORWARDED_PROTO", "https"), "6.6.6.6, 7.7.7.7", "7.7.7.7"),
        (("HTTP_X_FORWARDED_PROTO", "https"), "", "10.0.0.9"),
    ],
)
def test_a_forwarded_address_counts_only_behind_a_declared_proxy(
    settings: Settings, proxy: tuple[str, str] | None, forwarded: str, expected: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = proxy
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded}, REMOTE_ADDR="10.0.0.9")
    assert client_address(request) == expected

"""Settings of the test run: a throw-away home, cheap passwords, everything else as in production."""

from __future__ import annotations

import os
import tempfile

from cryptography.fernet import Fernet

os.environ.setdefault("BATON_HOME", tempfile.mkdtemp(prefix="baton-tests-"))
os.environ.setdefault("SECRET_KEY", "tests-" + "x" * 50)
os.environ.setdefault("BATON_SECRET_KEYS", Fernet.generate_key().decode())
os.environ.setdefault("BATON_HTTPS", "0")
os.environ.setdefault("BATON_ALLOW_NETS", "127.0.0.0/8,::1/128")
os.environ.setdefault("ALLOWED_HOSTS", "*")

from config.settings import *  # noqa: F403
from config.settings import STORAGES
from scripts.translations import compile_all

compile_all()  # before anything is translated: a process keeps the catalogs as it found them

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
BATON_DEMO = True

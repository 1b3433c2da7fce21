"""Every setting of the platform, read once from the environment.

A missing or wrong value raises ImproperlyConfigured with one sentence; `manage.py` prints only that.
"""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.reading import (
    broker_url,
    database,
    env,
    env_address,
    env_flag,
    env_hosts,
    env_int,
    env_key,
    env_log_level,
    env_site,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# What this installation is
DEBUG = env_flag("DEBUG")
DEMO = env_flag("DEMO")  # shows one-time codes on the page and labels simulated figures
SECRET_KEY = env_key("SECRET_KEY")
HOST = env("HOST", "127.0.0.1")  # where `manage.py up` listens
PORT = env_int("PORT", 8000, most=65_535)
SITE_URL = env_site("SITE_URL", f"http://localhost:{PORT}")
SITE_IS_HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS", SITE_URL)
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# The parts
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "pgtrigger",
    "pghistory",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "config",
    "core",
    "accounts",
    "coops",
    "products",
    "traceability",
    "livestreams",
    "orders",
    "dashboards",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.middleware.language_middleware",
    "core.middleware.api_slash_middleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.staff_session_middleware",
    "accounts.middleware.second_factor_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.history_middleware",
    "core.middleware.domain_error_middleware",
]
# Those an order goes through that is answered in a word (config/wsgi.py)
ORDER_MIDDLEWARE = {
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.language_middleware",
    "core.middleware.api_slash_middleware",
    "core.middleware.domain_error_middleware",
}
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "core.templatetags.chophien",
                "coops.templatetags.desk",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Threads of one web process (config/mixed.py)
WEB_THREADS = env_int("WEB_THREADS", 8)
ORDER_THREADS = env_int("ORDER_THREADS", 4)
UPLOAD_THREADS = env_int("UPLOAD_THREADS", 2)

# Where the truth is
DATABASES = {"default": database(env("DATABASE_URL"))}

# Where it is passed on; nothing on the order path needs it
REDIS_URL = env("REDIS_URL")
REDIS_PREFIX = os.environ.get("REDIS_PREFIX", "chophien")
REDIS_TIMEOUT_S = 2
# Where nginx takes boards for its viewers (core/realtime.py); empty: the hub alone serves them
NCHAN_PUBLISH_URL = env_address("NCHAN_PUBLISH_URL")
NCHAN_TIMEOUT_S = 2
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Work in the background: every task may run twice, at once and late
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240  # below the visibility timeout, else a task runs beside itself
CELERY_TASK_SOFT_TIME_LIMIT = 220
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Asia/Ho_Chi_Minh"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": REDIS_TIMEOUT_S,
    "global_keyprefix": f"{REDIS_PREFIX}:",
}
# Queues of work, each with workers of its own (core/local/roles.py), and the tasks of each: a gateway
# that hangs or a long rendering keeps no release, promotion or tally waiting
WORK = {
    "orders": (
        "orders.release_overdue",
        "orders.promote_standby",
        "orders.attend_standby",
        "orders.recount_session",
        "orders.recount_live_sessions",
        "orders.learn_buyers",
        "core.sweep_limits",
        "livestreams.sweep",
        "livestreams.apply_bank_changes",
    ),
    "messages": (
        "orders.tell_standby",
        "orders.tell_all_standby",
        "accounts.send_code",
        "accounts.send_overdue_codes",
        "coops.send_bank_notice",
        "coops.send_unsent_notices",
    ),
    "files": (
        "traceability.issue_batch",
        "traceability.continue_batches",
        "config.draw_pictures",
        "core.write_file",
        "core.continue_files",
        "dashboards.roll_up_changed",
        "dashboards.check_figures",
        "orders.sweep",
        "orders.erase_old_buyers",
        "core.sweep",
        "core.sweep_pictures",
        "traceability.sweep_labels",
        "accounts.sweep",
    ),
}
CELERY_TASK_DEFAULT_QUEUE = "orders"
CELERY_TASK_ROUTES = {task: {"queue": queue} for queue, tasks in WORK.items() for task in tasks}


def _each(seconds: float, task: str) -> dict[str, Any]:
    """An entry of the clock; one that found no worker is dropped before the next is due."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds - 1}}


CELERY_BEAT_SCHEDULE = {
    "release-overdue-orders": _each(15, "orders.release_overdue"),
    "attend-standby-lines": _each(15, "orders.attend_standby"),
    "tell-standby-buyers": _each(15, "orders.tell_all_standby"),
    "recount-live-sessions": _each(60, "orders.recount_live_sessions"),
    "sweep-sessions": _each(30, "livestreams.sweep"),
    "continue-origin-codes": _each(30, "traceability.continue_batches"),
    "apply-bank-changes": _each(30, "livestreams.apply_bank_changes"),
    "send-unsent-bank-notices": _each(60, "coops.send_unsent_notices"),
    "send-overdue-codes": _each(15, "accounts.send_overdue_codes"),
    "roll-up-changed-figures": _each(20, "dashboards.roll_up_changed"),
    "check-figures": _each(600, "dashboards.check_figures"),
    "sweep-orders": _each(3600, "orders.sweep"),
    "learn-buyers": _each(60, "orders.learn_buyers"),
    "erase-old-buyers": _each(300, "orders.erase_old_buyers"),
    "sweep-pictures": _each(24 * 3600, "core.sweep_pictures"),
    "sweep-labels": _each(24 * 3600, "traceability.sweep_labels"),
    "sweep-core": _each(3600, "core.sweep"),
    "continue-files": _each(30, "core.continue_files"),
    "sweep-limits": _each(60, "core.sweep_limits"),
    "sweep-accounts": _each(3600, "accounts.sweep"),
}

# What each event sets off: topic -> tasks, each with the payload keys it is called with
OUTBOX_TASKS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "orders.order.placed": [("orders.recount_session", ("session_id",))],
    "orders.order.changed": [
        ("orders.recount_session", ("session_id",)),
        ("orders.promote_standby", ("session_id",)),
    ],
    "livestreams.session.ended": [
        ("orders.recount_session", ("session_id",)),
        ("orders.promote_standby", ("session_id",)),
    ],
    "livestreams.offer.changed": [("orders.promote_standby", ("session_id",))],
    "orders.standby.left": [("orders.promote_standby", ("session_id",))],
    "orders.standby.promoted": [("orders.tell_standby", ("entry_id",))],
    "traceability.batch.requested": [("traceability.issue_batch", ("batch_id",))],
    "core.file.requested": [("core.write_file", ("job_id",))],
    "coops.bank_notice.written": [("coops.send_bank_notice", ("notice_id",))],
    "accounts.code.requested": [("accounts.send_code", ("code_id",))],
    "config.pictures.wanted": [("config.draw_pictures", ())],
}
# What apps above say on a page of an app below: page -> functions of the thing shown
PAGE_PARTS = {"coops.bank_account": ["orders.parts.transfers_waiting"]}
# Tasks that serve whatever came before them: the least seconds between two with the same arguments
OUTBOX_PAUSES_S = {"orders.recount_session": 1.0}
# Files a worker writes: kind -> may a person have it, and how it is written (core/file_jobs.py)
FILE_JOBS = {
    "orders.parcels": ("orders.exports.may_export", "orders.exports.write_parcels"),
    "dashboards.table": ("dashboards.exports.may_export", "dashboards.exports.write_table"),
}
# What viewers of a feed see: feed kind -> function(feed key) that renders its public snapshot
LIVE_SNAPSHOTS = {"session": "livestreams.updates.update"}
# Where goods are in use, for apps below that hide or remove them: kind -> function(id)
GOODS_IN = {
    "product": "livestreams.standing.whereabouts_of_product",
    "variant": "livestreams.standing.whereabouts_of_variant",
}
# Keys of the feeds that are watched now: feed kind -> function; rendered even without events
LIVE_FEEDS = {"session": "livestreams.updates.watched"}

# People and sessions
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PhoneBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "show-workspace"
LOGOUT_REDIRECT_URL = "show-home"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
# Managers, hosts and all who work in a co-op: led to the second factor, or not let in without it
SECOND_FACTOR_FOR_COOPERATIVES = env_flag("SECOND_FACTOR_FOR_COOPERATIVES")
TWO_REVIEWERS = env_flag("TWO_REVIEWERS")  # a province says yes with two voices
STAFF_SESSION_AGE_S = 60 * 60 * 12  # of staff, who always show their second factor
STAFF_SESSION_IDLE_S = 60 * 30
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_IS_HTTPS
SESSION_COOKIE_NAME = "__Host-phien" if SITE_IS_HTTPS else "phien"
CSRF_COOKIE_NAME = "__Host-csrf" if SITE_IS_HTTPS else "csrf"
CSRF_FAILURE_VIEW = "core.views.csrf_failure"
LANGUAGE_COOKIE_NAME = "lang"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"
OTP_TOTP_ISSUER = "Chợ Phiên"

# How codes reach a phone: eSMS.vn's JSON API or a server of the same shape
SMS_API_URL = os.environ.get("SMS_API_URL", "")
SMS_API_KEY = os.environ.get("SMS_API_KEY", "")
SMS_API_SECRET = os.environ.get("SMS_API_SECRET", "")
SMS_BRAND_NAME = os.environ.get("SMS_BRAND_NAME", "ChoPhien")
SMS_TIMEOUT_S = 5
SMS_PER_DAY = env_int("SMS_PER_DAY", 3_000)  # codes; beyond, the log has an error and none is sent

# Money and orders
BANK_CHANGE_HOURS = env_int("BANK_CHANGE_HOURS", 24)  # until another account takes effect
PAYMENT_WINDOW_MINUTES = env_int("PAYMENT_WINDOW_MINUTES", 15)
# How much longer units are held once the buyer says that the transfer is made
SAID_PAID_MINUTES = env_int("SAID_PAID_MINUTES", 120)
SAID_PAID_MINUTES_NEW = env_int(
    "SAID_PAID_MINUTES_NEW", 30
)  # phones that have paid for nothing yet
# Buyers' names, phones and addresses: of orders that were carried out, and of those that came to nothing
BUYERS_KEPT_DAYS = env_int("BUYERS_KEPT_DAYS", 1095)
CLOSED_ORDERS_KEPT_DAYS = env_int("CLOSED_ORDERS_KEPT_DAYS", 180)
CANCEL_WINDOW_MINUTES = env_int("CANCEL_WINDOW_MINUTES", 30)  # for buyers who pay cash

# Words, numbers, time
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"  # shown to people; stored values are UTC

# Files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Nothing of what libraries bring along is shown: their pages for the browser are not served
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "core.fonts.FontFinder",
]
STATIC_ROOT = Path(env("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env("MEDIA_ROOT", str(BASE_DIR / "var" / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# What a browser may do with our pages
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SITE_IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SITE_IS_HTTPS else 0
# A promise for names that others may use: only where the operator makes it
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SITE_IS_HTTPS and env_flag("HSTS_PRELOAD")
# A promise for every subdomain and for good is the operator's to give
SILENCED_SYSTEM_CHECKS = [] if SECURE_HSTS_PRELOAD else ["security.W005", "security.W021"]
if env_flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
VIDEO_FRAME_HOSTS = ["https://www.youtube-nocookie.com", "https://www.facebook.com"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "frame-src": VIDEO_FRAME_HOSTS,
    }
}

# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "config.api.Pagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api.explain",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chợ Phiên",
    "DESCRIPTION": "Co-ops, products, sessions, orders and origin. Money is whole đồng.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # choices stay where they are used
}

# Without this, an error with DEBUG off would leave no trace anywhere
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "class": "core.logs.PrivateFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
        }
    },
    "root": {"handlers": ["console"], "level": env_log_level("LOG_LEVEL", "WARNING")},
    "loggers": {"django": {"handlers": [], "propagate": True, "level": "WARNING"}},
}

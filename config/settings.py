"""Settings, read from the environment; `docs/configuration.md` describes each variable.

A missing or malformed variable stops the start with its name. `NAME_FILE` may hold the path of a file with the value.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


class Env(environ.FileAwareEnv):  # type: ignore[misc]
    """`NAME`, or the content of the file that `NAME_FILE` names; a file's last line may end in a newline."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        value = super().get_value(var, *args, **options)
        return value.strip() if isinstance(value, str) else value


env = Env()

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
SITE_URL = env.str("SITE_URL", default="https://localhost").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# Behind plain http (demo, tests) cookies cannot be Secure; everywhere else they must be.
SECURE_COOKIES = env.bool("SECURE_COOKIES", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
TRUST_PROXY = env.bool("TRUST_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_COOKIES
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "rules.apps.AutodiscoverRulesConfig",
    "axes",
    "schools",
    "fleet",
    "deployments",
    "intune_sync",
    "config",
]

MIDDLEWARE = [
    "config.middleware.client_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.audit_origin",
    "schools.entra.middleware.AsEntraSays",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "schools.middleware.UnstorableInput",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgres://user:password@host/name")
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL")
CACHES = {"default": {"BACKEND": "config.cache.ForgivingRedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

AUTH_USER_MODEL = "schools.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "schools.auth.LocalBackend",
    "schools.entra.backend.EntraBackend",
]
# Accounts with a password kept in the portal: for the demo, and as a way in when Entra does not work.
LOCAL_ACCOUNTS = env.bool("LOCAL_ACCOUNTS", default=not SECURE_COOKIES)
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # so that the time of the next try is the one that is shown
# Together: a school behind one address is not locked out by one pupil, nor is a person from elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "schools.attempts.address_of"
AXES_LOCKOUT_CALLABLE = "schools.attempts.say_on_the_page"
AXES_RESET_ON_SUCCESS = AXES_DISABLE_ACCESS_LOG = True  # the audit trail has who signed in
AXES_VERBOSE = AXES_ENABLE_ADMIN = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "schools:login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "schools:login"

LANGUAGE_CODE = "sv"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGES = [("sv", _("Swedish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Stockholm"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Tabler's form controls draw themselves from data: pictures
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["schools.auth.TokenAuthentication", "schools.auth.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["schools.permissions.Permitted"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "schools.paging.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["schools.filters.KnownFilters"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "schools.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Terminsklar API",
    "DESCRIPTION": _("What the pages show and do, for scripts. Answers are limited to what the token's owner may see."),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "RevisionStatusEnum": "deployments.models.BaselineRevision.Status",
        "RequestStatusEnum": "deployments.models.AppRequest.Status",
        "ChangeSetStatusEnum": "deployments.models.ChangeSet.Status",
        "SyncRunStatusEnum": "intune_sync.models.SyncRun.Status",
        "IntentEnum": "deployments.models.Intent",
        "ProposalKindEnum": "deployments.models.Proposal.Kind",
        "ResourceEnum": "intune_sync.models.SyncRun.Resource",
        "OperationStatusEnum": "intune_sync.models.Operation.Status",
        "OrderStatusEnum": "intune_sync.models.ActionOrder.Status",
        "RemoteActionEnum": "intune_sync.models.ActionOrder.Action",
        "ProposalStatusEnum": "deployments.models.Proposal.Status",
        "LevelEnum": "deployments.forms.KINDS",
        "EntryActionEnum": "deployments.models.BaselineEntry.Action",
        "VoteEnum": "deployments.models.Vote.Choice",
        "StanceEnum": "deployments.models.Stance.Choice",
        "AgendaOutcomeEnum": "deployments.models.AgendaItem.Outcome",
        "EnrolmentOutcomeEnum": "fleet.models.EnrolmentAttempt.Outcome",
        "DriftKindEnum": "intune_sync.models.DriftItem.Kind",
        "ExceptionKindEnum": "deployments.models.SoftwareException.Kind",
        "CalendarKindEnum": "schools.models.CalendarPeriod.Kind",
    },
}

# What the municipality calls the group that decides the term's software.
COMMITTEE_NAME = env.str("COMMITTEE_NAME", default="Programvarugruppen")

# Without EMAIL_URL nothing leaves the portal; each person's mail stands on their own page all the same.
vars().update(env.email_url("EMAIL_URL", default="dummymail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="Terminsklar <terminsklar@localhost>")

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Nothing may be concluded from a part of an answer, so one task reads the whole of it.
PULL_SECONDS = env.int("PULL_SECONDS", default=600)
if PULL_SECONDS < 60:
    raise ImproperlyConfigured("PULL_SECONDS is at least 60")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": PULL_SECONDS + 300,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
    "max_retries": 2,
}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "intune_sync.tasks.pull": {"queue": "pull"},
    "intune_sync.tasks.write": {"queue": "write"},
    "intune_sync.tasks.act": {"queue": "destructive"},
}
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=15)
ROLLOUT_SECONDS = env.int("ROLLOUT_SECONDS", default=60)
NOTIFY_SECONDS = 30
SIGN_SECONDS = 20
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "intune_sync.tasks.sweep", "schedule": SWEEP_SECONDS},
    "requests": {"task": "deployments.tasks.advance_requests", "schedule": 60},
    "rollouts": {"task": "deployments.tasks.advance_rollouts", "schedule": ROLLOUT_SECONDS},
    "exceptions": {"task": "deployments.tasks.advance_exceptions", "schedule": 60},
    "simulations": {"task": "deployments.tasks.tend_simulations", "schedule": 300},
    "ends": {"task": "deployments.tasks.remind_of_ends", "schedule": crontab(hour="6", minute="40")},
    # The last of the day stands; those before it are for whoever looks today.
    "proof": {"task": "deployments.tasks.note_proof", "schedule": crontab(hour="2,8,11,14,17,20,23", minute="50")},
    "dates": {"task": "deployments.tasks.announce_dates", "schedule": crontab(hour="6", minute="50")},
    "people": {"task": "schools.tasks.ask_entra", "schedule": 300, "options": {"expires": 300}},
    "tidy": {"task": "schools.tasks.tidy", "schedule": crontab(hour="3", minute="10")},
    "forget": {"task": "intune_sync.tasks.forget", "schedule": crontab(hour="3", minute="20")},
    "trouble": {"task": "intune_sync.tasks.tell_of_trouble", "schedule": 300},
    # A message that waited for a slow mail server or listener is dropped: the next one finds the same rows.
    "mail": {"task": "schools.tasks.mail", "schedule": NOTIFY_SECONDS, "options": {"expires": NOTIFY_SECONDS}},
    "webhooks": {
        "task": "schools.tasks.call_webhooks",
        "schedule": NOTIFY_SECONDS,
        "options": {"expires": NOTIFY_SECONDS},
    },
    # Each queue says that somebody empties it. An hour, for a worker whose clock is off would drop younger ones.
    **{
        f"sign-{queue}": {
            "task": "intune_sync.tasks.sign",
            "schedule": SIGN_SECONDS,
            "args": [queue],
            "options": {"queue": queue, "expires": 3600},
        }
        for queue in ("default", "pull", "write", "destructive")
    },
}
CELERY_TIMEZONE = TIME_ZONE

# Microsoft Graph. Nothing here tells Microsoft's service from any other that answers in the same way.
GRAPH_URL = env.str("GRAPH_URL", default="https://graph.microsoft.com").rstrip("/")
AUTHORITY_URL = env.str("AUTHORITY_URL", default="https://login.microsoftonline.com").rstrip("/")
GRAPH_CA_BUNDLE = env.str("GRAPH_CA_BUNDLE", default="")
TENANT_ID = env.str("TENANT_ID", default="")
CLIENT_ID = env.str("CLIENT_ID", default="")
CLIENT_SECRET = env.str("CLIENT_SECRET", default="")
CLIENT_CERTIFICATE = env.str("CLIENT_CERTIFICATE", default="")
# An app registration of its own for each kind of work; what is empty is taken from the three above.
GRAPH_IDENTITIES = {
    name: {
        part: env.str(f"GRAPH_{name}_{part}".upper(), default="")
        for part in ("client_id", "client_secret", "client_certificate")
    }
    for name in ("reader", "writer", "destructive")
}
# The app registration with which people sign in; without its id there is no sign-in by Entra.
SIGN_IN_CLIENT_ID = env.str("SIGN_IN_CLIENT_ID", default="")
SIGN_IN_CLIENT_SECRET = env.str("SIGN_IN_CLIENT_SECRET", default="")
SIGN_IN_CLIENT_CERTIFICATE = env.str("SIGN_IN_CLIENT_CERTIFICATE", default="")
# Object ids of Entra groups and the group tags of the schools whose staff they hold.
SIGN_IN_SCHOOL_GROUPS = env.dict("SIGN_IN_SCHOOL_GROUPS", default={})
if SIGN_IN_CLIENT_ID:
    if not (SIGN_IN_CLIENT_SECRET or SIGN_IN_CLIENT_CERTIFICATE):
        raise ImproperlyConfigured("SIGN_IN_CLIENT_ID needs SIGN_IN_CLIENT_SECRET or SIGN_IN_CLIENT_CERTIFICATE")
    # The form that signs out is sent on to Entra.
    _entra = urlsplit(AUTHORITY_URL)
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(f"{_entra.scheme}://{_entra.netloc}")
SYNC_INTERVAL_SECONDS = env.int("SYNC_INTERVAL_SECONDS", default=900)
FULL_SYNC_HOUR = env.int("FULL_SYNC_HOUR", default=2)
if not 0 <= FULL_SYNC_HOUR <= 23:
    raise ImproperlyConfigured("FULL_SYNC_HOUR is an hour of the day, 0 to 23")
# How long an operation waits for Multi Admin Approval in Intune before it is given up.
APPROVAL_DAYS = env.int("APPROVAL_DAYS", default=7)
# How long a difference between Intune and what is decided is kept once it is over.
DRIFT_KEPT_DAYS = env.int("DRIFT_KEPT_DAYS", default=3 * 365)
# Wipes, resets and the like that may go out, however many people ask for them.
DESTRUCTIVE_PER_10_MINUTES = env.int("DESTRUCTIVE_PER_10_MINUTES", default=10)
DESTRUCTIVE_PER_HOUR = env.int("DESTRUCTIVE_PER_HOUR", default=40)
DESTRUCTIVE_PER_DAY = env.int("DESTRUCTIVE_PER_DAY", default=150)
# The fault programme's own; see intune_sync/push/kill_points.py.
KILL_POINTS = env.str("KILL_POINTS", default="")
if KILL_POINTS and SECURE_COOKIES:
    raise ImproperlyConfigured("KILL_POINTS kills workers on purpose and is refused where SECURE_COOKIES is on")

# Working days that each step of a school's request may take before it is reminded of and handed to IT.
REQUEST_SCHOOL_DAYS = env.int("REQUEST_SCHOOL_DAYS", default=5)
REQUEST_REVIEW_DAYS = env.int("REQUEST_REVIEW_DAYS", default=10)
REQUEST_PILOT_DAYS = env.int("REQUEST_PILOT_DAYS", default=5)
# An exception ends at the latest so many days after the semester it is asked for in.
EXCEPTION_DAYS_AFTER_TERM = env.int("EXCEPTION_DAYS_AFTER_TERM", default=365)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

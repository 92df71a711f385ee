"""The switches of computers: how long each step of their lives takes, and how often it goes wrong.

Times are seconds of the sandbox's clock in real life, divided by the pace; where nothing else is said each computer
takes between half of it and one and a half.
"""

from .switches import switch

IMPORT_PENDING_SECONDS = switch("import_pending_seconds", 20.0, "How long an Autopilot import stays unknown.")
IMPORT_SECONDS = switch("import_seconds", 240.0, "How long an Autopilot import is pending before it ends.")
IMPORT_VISIBLE_SECONDS = switch(
    "import_visible_seconds", 60.0, "How long a complete import names an identity that is not listed yet."
)
IMPORT_ERROR_RATE = switch("import_error_rate", 0.0, "The share of imports that end with 802, the hash being bad.")
OTHER_TENANT_RATE = switch(
    "other_tenant_rate", 0.002, "The share of unknown serials, by seed, that belong to another tenant (808)."
)
OTHER_TENANT_SERIALS = switch(
    "other_tenant_serials", "", "Serials that belong to another tenant (808), separated by commas."
)
DUPLICATE_ERROR_CODE = switch(
    "duplicate_error_code", 807.0, "The code of ZtdDeviceDuplicated, which Microsoft has not published."
)
SINGLE_IMPORTS = switch(
    "single_imports", 65.0, "How many imports of one computer each are taken within five minutes; 0 is no limit."
)
AUTOPILOT_SYNC_SECONDS = switch("autopilot_sync_seconds", 90.0, "How long an Autopilot sync is in progress.")
AUTOPILOT_SYNC_PAUSE_SECONDS = switch(
    "autopilot_sync_pause_seconds", 600.0, "Within which time a second Autopilot sync is refused."
)
AUTOPILOT_SYNC_FAILS = switch("autopilot_sync_fails", False, "Autopilot syncs end as failed.")
IDENTITY_DELETE_SECONDS = switch(
    "identity_delete_seconds", 180.0, "How long a deleted Autopilot identity is still listed."
)
TAG_SECONDS = switch("tag_to_entra_seconds", 240.0, "How long a group tag takes to the Entra device.")
EVALUATION_SECONDS = switch("entra_to_groups_seconds", 570.0, "How long dynamic groups take to follow a device.")
ASKS_SECONDS = switch("groups_to_computer_seconds", 3300.0, "Within which time a computer asks for its new apps.")
LEAVES_RATE = switch(
    "leaves_rate", 0.0071, "The share of check-ins after which a computer is off for one to five days."
)
PROFILE_SECONDS = switch(
    "profile_seconds", 600.0, "How long a profile is pending, and again until its assignment is in sync."
)
ENROLMENT_AFTER_SECONDS = switch(
    "enrolment_after_seconds", 0.0, "When a registered computer is first started; 0 is within weeks, each its own."
)
ENROLMENT_SECONDS = switch("enrolment_seconds", 1500.0, "How long an enrolment takes.")
ENROLMENT_FAILURE_RATE = switch(
    "enrolment_failure_rate", 0.06, "The share of enrolment attempts that fail at one of their steps."
)
ENROLMENT_HISTORY_DAYS = switch(
    "enrolment_history_days", 30.0, "For how many days Autopilot's events and report still tell of an attempt."
)
LEAVES_OLD_RECORD = switch(
    "leaves_old_record", False, "A computer that is reset and enrols anew keeps its old Intune record listed."
)
ACTION_SECONDS = switch("action_seconds", 60.0, "How long a remote action is pending for a computer that is on.")
ACTION_RUN_SECONDS = switch("action_run_seconds", 120.0, "How long a remote action is active.")
ACTION_FAILURE_RATE = switch("action_failure_rate", 0.01, "The share of remote actions that fail.")
HIDES_RESETS = switch(
    "hides_resets", False, "Wipes and retirements show in managementState only, not in deviceActionResults."
)
WIPE_RETURNS_SECONDS = switch("wipe_returns_seconds", 7200.0, "When a wiped computer begins to enrol anew; 0 is never.")
RECORD_DELETE_SECONDS = switch(
    "record_delete_seconds", 120.0, "How long a deleted Intune record is still listed as deletePending."
)
ENTRA_DELETE_SECONDS = switch("entra_delete_seconds", 30.0, "How long a deleted Entra device is still found.")
IDENTITY_SELECT_FAILS = switch("identity_select_fails", True, "$select on Autopilot identities is answered with 500.")
ODD_DATA = switch(
    "odd_data",
    False,
    "Every 13th computer is shown with year 1, nulls for empty texts, values Graph has not documented, or HTML.",
)
APPLE_TOKEN_DAYS = switch("apple_token_days", 200.0, "In how many days of the start Apple's token expires.")
APPLE_SYNC_PAUSE_SECONDS = switch(
    "apple_sync_pause_seconds", 900.0, "Within which time a second sync with Apple is refused."
)
APPLE_FULL_SYNC_DAYS = switch("apple_full_sync_days", 7.0, "How often at most a sync with Apple is a full one.")
APPLE_SYNC_ERROR = switch("apple_sync_error", 0.0, "The lastSyncErrorCode that syncs with Apple end with; 0 is none.")

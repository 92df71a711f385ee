from django.urls import path

import schools.converters  # noqa: F401 - registers <row:pk>
from intune_sync.views import apps, change_sets, change_steps, computers, health, imports, new_apps, settings, stops

app_name = "intune_sync"
urlpatterns = [
    path("sync/", health.health, name="health"),
    path("sync/start/", health.start_sync, name="start_sync"),
    path("sync/runs/", health.sync_run_list, name="sync_run_list"),
    path("sync/runs/<row:pk>/", health.sync_run, name="sync_run"),
    path("sync/runs/<row:pk>/release/", health.release_run, name="release_run"),
    path("sync/stop/", stops.stop, name="stop"),
    path("sync/stop/throw/", stops.throw, name="throw_stop"),
    path("sync/stop/<row:pk>/release/", stops.release, name="release_stop"),
    path("sync/set-aside/<row:pk>/release/", stops.release_set_aside, name="release_operation"),
    path("sync/settings/", settings.intune_settings, name="settings"),
    path("sync/unmatched/", health.unmatched_list, name="unmatched_list"),
    path("changes/", change_sets.change_set_list, name="change_set_list"),
    path("changes/<row:pk>/", change_sets.change_set, name="change_set"),
    path("changes/<row:pk>/computers/", change_sets.change_set_devices, name="change_set_devices"),
    path("changes/<row:pk>/plan/", change_steps.plan, name="plan_change_set"),
    path("changes/<row:pk>/approve/", change_steps.approve, name="approve_change_set"),
    path("changes/<row:pk>/reject/", change_steps.reject, name="reject_change_set"),
    path("changes/<row:pk>/cancel/", change_steps.cancel, name="cancel_change_set"),
    path("changes/<row:pk>/apply/", change_steps.apply, name="apply_change_set"),
    path("changes/<row:pk>/retry/", change_steps.retry, name="retry_change_set"),
    path("changes/<row:pk>/abandon/", change_steps.abandon, name="abandon_change_set"),
    path("baselines/<row:pk>/take-over/", apps.take_over, name="take_over"),
    path("intune/import/", imports.import_list, name="import_list"),
    path("intune/import/<row:pk>/", imports.import_page, name="import"),
    path("intune/actions/", computers.order_list, name="order_list"),
    path("intune/actions/<row:pk>/approve/", computers.approve, name="approve_order"),
    path("intune/actions/<row:pk>/refuse/", computers.refuse, name="refuse_order"),
    path("devices/<row:pk>/autopilot/", computers.autopilot, name="autopilot"),
    path("intune/apps/", apps.app_list, name="app_list"),
    path("intune/apps/create/", new_apps.create_app, name="create_app"),
    path("intune/apps/create/<row:pk>/retry/", new_apps.retry, name="retry_app"),
    path("intune/apps/<row:pk>/adopt/", apps.adopt_app, name="adopt_app"),
]

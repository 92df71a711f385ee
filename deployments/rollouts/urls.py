from django.urls import path

import schools.converters  # noqa: F401 - registers <row:pk>
from deployments.views import rollout_acts, rollout_plans, rollouts, simulations

urlpatterns = [
    path("rollouts/", rollouts.rollout_list, name="rollout_list"),
    path("rollouts/<row:pk>/", rollouts.rollout, name="rollout"),
    path("rollouts/<row:pk>/computers/", rollouts.rollout_computers, name="rollout_computers"),
    path("rollouts/<row:pk>/computers/move/", rollout_plans.move, name="move_computers"),
    path("rollouts/<row:pk>/settings/", rollout_plans.settings, name="rollout_settings"),
    path("rollouts/<row:pk>/draw-again/", rollout_plans.draw_again, name="draw_again"),
    path("rollouts/<row:pk>/pause/", rollout_acts.pause, name="pause_rollout"),
    path("rollouts/<row:pk>/resume/", rollout_acts.resume, name="resume_rollout"),
    path("rollouts/<row:pk>/skip/", rollout_acts.skip, name="skip_ring"),
    path("rollouts/<row:pk>/let-through/", rollout_acts.let_through, name="let_ring_through"),
    path("rollouts/<row:pk>/abort/", rollout_acts.abort, name="abort_rollout"),
    path("rollouts/<row:pk>/roll-back/", rollout_acts.roll_back, name="roll_back_rollout"),
    path("rollouts/<row:pk>/leave-queue/", rollout_acts.leave_queue, name="leave_rollout_queue"),
    path("rollouts/<row:pk>/override/", rollout_acts.ask_override, name="ask_override"),
    path("rollouts/<row:pk>/override/approve/", rollout_acts.approve_override, name="approve_override"),
    path("simulations/<row:pk>/", simulations.simulation, name="simulation"),
    path("simulations/<row:pk>/load.<str:format>", simulations.simulation_export, name="simulation_export"),
    path("proposals/<row:pk>/simulate/", simulations.simulate_proposal, name="simulate_proposal"),
    path("changes/<row:pk>/simulate/", simulations.simulate_change, name="simulate_change"),
    path("changes/<row:pk>/rollout/", rollout_plans.plan, name="plan_rollout"),
]

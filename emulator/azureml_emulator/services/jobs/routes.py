"""Jobs and schedules."""

from azureml_emulator.core.arm import HOST as ARM
from azureml_emulator.core.paths import API, WS
from azureml_emulator.http.routing import Route
from azureml_emulator.services.jobs import jobs, schedules
from azureml_emulator.services.workspaces.records import one_by_one

JOB = WS + "/jobs/{name}"
JOB_ROUTES = (
    Route(ARM, "GET", WS + "/jobs", jobs.list_all),
    Route(ARM, "GET", JOB, jobs.get),
    Route(ARM, "PUT", JOB, jobs.put),
    Route(ARM, "DELETE", JOB, jobs.delete),
    Route(ARM, "POST", JOB + "/cancel", jobs.cancel),
    Route(API, "POST", "/execution/v1.0" + WS + "/experiments/{experiment}/startlocalrun", jobs.start_local),
)
SCHEDULE_ROUTES = (
    Route(ARM, "GET", WS + "/schedules", schedules.SCHEDULES.list_all),
    Route(ARM, "POST", WS + "/schedules/{name}/trigger", schedules.SCHEDULES.trigger),
    *one_by_one(schedules.SCHEDULES, WS + "/schedules/{name}"),
)

ROUTES = (*JOB_ROUTES, *SCHEDULE_ROUTES)

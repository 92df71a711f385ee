# mypy: ignore-errors
"""Drives the sandbox with Microsoft's own SDK; `scripts.contract` runs it in the SDK's environment, not the portal's.

What the SDK cannot parse it leaves None or puts into `additional_data` without a word, so both are looked for.
"""

import asyncio
import io
import json
import ssl
import sys
import zipfile
from uuid import uuid4

import httpx
from kiota_abstractions.authentication.anonymous_authentication_provider import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.device_app_management.mobile_apps.item.assign.assign_post_request_body import (
    AssignPostRequestBody,
)
from msgraph.generated.directory.device_local_credentials.item import (
    device_local_credential_info_item_request_builder as local_credential,
)
from msgraph.generated.groups.item.members.graph_device.graph_device_request_builder import GraphDeviceRequestBuilder
from msgraph.generated.information_protection.bitlocker.recovery_keys.item import (
    bitlocker_recovery_key_item_request_builder as recovery_key,
)
from msgraph.generated.models.device_management_export_job import DeviceManagementExportJob
from msgraph.generated.models.device_management_report_status import DeviceManagementReportStatus
from msgraph.generated.models.group_assignment_target import GroupAssignmentTarget
from msgraph.generated.models.install_intent import InstallIntent
from msgraph.generated.models.mobile_app_assignment import MobileAppAssignment
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.win32_lob_app import Win32LobApp

EXPORT_SECONDS = 120


async def every_row(builder, request=None):
    """All rows of a list, by its next links."""
    page = await builder.get(request)
    rows = list(page.value)
    while page.odata_next_link:
        page = await builder.with_url(page.odata_next_link).get(request)
        rows += page.value
    return rows


def expect_parsed(rows, *properties):
    """Every row has each of these, parsed, and nothing that the SDK's type does not know."""
    assert rows, "the list is empty"
    for row in rows:
        unknown = {name for name in row.additional_data if not name.startswith("@odata.")}
        assert not unknown, f"{type(row).__name__} does not know {unknown}"
        for name in properties:
            assert getattr(row, name) is not None, f"{type(row).__name__} {row.id} has no readable {name}"


def client_of(client, sandbox):
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
    adapter.base_url = f"{sandbox['url']}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def sign_in(client, sandbox):
    form = {
        "grant_type": "client_credentials",
        "client_id": sandbox["client_id"],
        "client_secret": sandbox["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }
    answer = await client.post(f"{sandbox['url']}/{sandbox['tenant_id']}/oauth2/v2.0/token", data=form)
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def devices(graph, client, sandbox):
    rows = await every_row(graph.device_management.managed_devices)
    names = ("device_name", "operating_system", "os_version", "compliance_state", "management_agent")
    expect_parsed(rows, *names, "last_sync_date_time", "enrolled_date_time", "total_storage_space_in_bytes")
    one = await graph.device_management.managed_devices.by_managed_device_id(rows[0].id).get()
    assert one.serial_number == rows[0].serial_number
    used = next(row for row in rows if row.user_id)
    (user,) = await every_row(graph.device_management.managed_devices.by_managed_device_id(used.id).users)
    expect_parsed([user], "display_name", "user_principal_name", "account_enabled")
    return f"{len(rows)} managed devices"


async def autopilot(graph, client, sandbox):
    rows = await every_row(graph.device_management.windows_autopilot_device_identities)
    expect_parsed(rows, "serial_number", "group_tag", "enrollment_state", "last_contacted_date_time")
    return f"{len(rows)} Autopilot identities"


async def apps(graph, client, sandbox):
    rows = await every_row(graph.device_app_management.mobile_apps)
    expect_parsed(rows, "display_name", "publishing_state", "created_date_time", "odata_type")
    assert any(isinstance(row, Win32LobApp) and row.size and row.install_command_line for row in rows)
    return f"{len(rows)} apps"


async def groups(graph, client, sandbox):
    rows = await every_row(graph.groups)
    expect_parsed(rows, "display_name", "mail_nickname")
    school = next(row for row in rows if (row.mail_nickname or "").startswith("terminsklar-school-"))
    assert school.membership_rule
    # A cast is an advanced query.
    builder = graph.groups.by_group_id(school.id).members.graph_device
    advanced = RequestConfiguration(
        query_parameters=GraphDeviceRequestBuilder.GraphDeviceRequestBuilderGetQueryParameters(count=True)
    )
    advanced.headers.add("ConsistencyLevel", "eventual")
    members = await every_row(builder, advanced)
    expect_parsed(members, "device_id", "display_name", "operating_system")
    return f"{len(rows)} groups, {len(members)} computers in {school.display_name}"


async def assignment(graph, client, sandbox):
    """`assign` replaces the list, and what was sent is read back."""
    everything = await every_row(graph.groups)
    group = next(row for row in everything if (row.mail_nickname or "").startswith("terminsklar-school-"))
    for app in await every_row(graph.device_app_management.mobile_apps):
        builder = graph.device_app_management.mobile_apps.by_mobile_app_id(app.id)
        if isinstance(app, Win32LobApp) and not await every_row(builder.assignments):
            break
    target = GroupAssignmentTarget(odata_type="#microsoft.graph.groupAssignmentTarget", group_id=group.id)
    wanted = MobileAppAssignment(
        odata_type="#microsoft.graph.mobileAppAssignment", intent=InstallIntent.Required, target=target
    )
    await builder.assign.post(AssignPostRequestBody(mobile_app_assignments=[wanted]))
    (written,) = await every_row(builder.assignments)
    expect_parsed([written], "intent", "target")
    assert (written.intent, written.target.group_id) == (InstallIntent.Required, group.id)
    await builder.assign.post(AssignPostRequestBody(mobile_app_assignments=[]))
    assert not await every_row(builder.assignments)
    return f"{app.display_name} assigned to {group.display_name} and back"


async def export(graph, client, sandbox):
    """A report is asked for, waited for and fetched without a token."""
    rows = await every_row(graph.device_app_management.mobile_apps)
    app = next(row for row in rows if isinstance(row, Win32LobApp))
    order = DeviceManagementExportJob(
        report_name="DeviceInstallStatusByApp", filter=f"(ApplicationId eq '{app.id}')", format=None
    )
    job = await graph.device_management.reports.export_jobs.post(order)
    async with asyncio.timeout(EXPORT_SECONDS):
        while job.status != DeviceManagementReportStatus.Completed:
            assert job.status != DeviceManagementReportStatus.Failed
            await asyncio.sleep(0.2)
            job = await graph.device_management.reports.export_jobs.by_device_management_export_job_id(job.id).get()
    expect_parsed([job], "report_name", "request_date_time", "expiration_date_time", "url")
    download = client.build_request("GET", job.url)
    del download.headers["Authorization"]
    answer = await client.send(download)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).decode("utf-8-sig").splitlines()
    return f"a report of {len(lines) - 1} rows on {app.display_name}"


async def secrets(graph, client, sandbox):
    """Passwords and keys come when they are selected, to an app that may read them and nothing else."""
    order = {"name": "secrets", "roles": ["DeviceLocalCredential.Read.All", "BitlockerKey.Read.All"]}
    registration = (await client.post(f"{sandbox['url']}/sandbox/registrations", json=order)).json()
    async with httpx.AsyncClient(verify=trust(sandbox), timeout=60, trust_env=False) as allowed:
        await sign_in(allowed, sandbox | registration)
        graph = client_of(allowed, sandbox)
        rows = await every_row(graph.directory.device_local_credentials)
        expect_parsed(rows, "device_name", "last_backup_date_time", "refresh_date_time")
        one = graph.directory.device_local_credentials.by_device_local_credential_info_id(rows[0].id)
        password = await one.get(selecting(local_credential.DeviceLocalCredentialInfoItemRequestBuilder, "credentials"))
        expect_parsed([password], "credentials", "device_name")
        (credential,) = password.credentials
        assert credential.account_name and credential.account_sid and credential.backup_date_time
        assert credential.password_base64 and not credential.additional_data
        keys = await every_row(graph.information_protection.bitlocker.recovery_keys)
        expect_parsed(keys, "created_date_time", "device_id", "volume_type")
        one = graph.information_protection.bitlocker.recovery_keys.by_bitlocker_recovery_key_id(keys[0].id)
        key = await one.get(selecting(recovery_key.BitlockerRecoveryKeyItemRequestBuilder, "key"))
        expect_parsed([key], "key", "device_id")
    return f"{len(rows)} local passwords, {len(keys)} recovery keys"


def selecting(builder, *names):
    """The request configuration with `$select`."""
    (parameters,) = (kind for name, kind in vars(builder).items() if name.endswith("GetQueryParameters"))
    return RequestConfiguration(query_parameters=parameters(select=list(names)))


async def refusal(graph, client, sandbox):
    """An error arrives as the SDK's own error with a code."""
    try:
        await graph.device_app_management.mobile_apps.by_mobile_app_id(str(uuid4())).get()
    except ODataError as error:
        assert (error.response_status_code, bool(error.error.code)) == (404, True)
        return f"an unknown app is {error.error.code}"
    raise AssertionError("an app that does not exist was answered")


def trust(sandbox):
    return ssl.create_default_context(cafile=sandbox["ca"])


async def main():
    """Standard input: `url`, `ca`, `tenant_id`, `client_id`, `client_secret` as JSON."""
    sandbox = json.load(sys.stdin)
    async with httpx.AsyncClient(verify=trust(sandbox), timeout=60, trust_env=False) as client:
        await sign_in(client, sandbox)
        graph = client_of(client, sandbox)
        failed = 0
        for part in (devices, autopilot, apps, groups, assignment, export, secrets, refusal):
            try:
                print(f"  {part.__name__}: {await part(graph, client, sandbox)}", flush=True)
            except Exception as error:
                failed += 1
                print(f"  {part.__name__}: FAILED, {type(error).__name__}: {error}", flush=True)
    sys.exit(f"{failed} parts of the contract do not hold." if failed else 0)


if __name__ == "__main__":
    asyncio.run(main())

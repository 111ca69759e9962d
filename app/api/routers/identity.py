"""Who is signed in; users, roles, and the company."""

from typing import Annotated

from anyio import to_thread
from fastapi import Query, Request, Response

from app.api.listing import MOST, ListRun, provide_list
from app.api.provide import AnyCaller, Caller, IfMatch, Run, provide
from app.api.respond import render, renderer, respond
from app.api.route import API, gives, router
from app.api.schemas.identity import (
    BelongingsOut,
    CompanyChange,
    CompanyOut,
    MeOut,
    NewUserOut,
    RightOut,
    RightsOut,
    RoleChange,
    RoleIn,
    RoleOut,
    SettingsChange,
    SettingsOut,
    SettingsVersionsOut,
    UserChange,
    UserIn,
    UserOut,
)
from app.api.schemas.shared import LARGEST_COUNT, PathId
from app.api.shell import shell_of
from app.domain.shared.ids import RoleId, UserId
from app.domain.shared.rights import Right
from app.usecases.identity import (
    ChangeCompany,
    ChangeRole,
    ChangeSettings,
    ChangeUser,
    CreateRole,
    CreateUser,
    DeleteRole,
    InitialPassword,
    ListRoles,
    ListSettingsVersions,
    ListUsers,
    MyCompanies,
    ReadCompany,
    ReadRole,
    ReadUser,
    RemoveUser,
    VersionsQuery,
)
from app.usecases.shared import Versioned

routes = router("identity", prefix="")
users = router("users")
roles = router("roles")
company = router("company")


@routes.get(f"{API}/me", **gives(MeOut))
async def me(context: AnyCaller) -> Response:
    """Tell who is signed in, for which company and with which rights."""
    return respond(render(MeOut.of(context), None), 200)


@routes.get(f"{API}/me/companies", **gives(BelongingsOut))
def my_companies(request: Request, context: Caller) -> Response:
    """List the companies that the caller may act for."""
    runner = shell_of(request).container.runner
    return respond(runner.run(context, MyCompanies(), lambda: None, renderer(BelongingsOut.of, None)), 200)


@users.post("/users", **gives(NewUserOut, 201))
async def create_user(request: Request, body: UserIn, run: Annotated[Run, provide(CreateUser)]) -> Response:
    """Add somebody to the company. The answer may show a password, so it is kept under no Idempotency-Key."""
    shell = shell_of(request)

    def enrol() -> Response:
        given = None if body.password is None else body.password.get_secret_value()
        initial = InitialPassword.of(given, shell.container.passwords, [body.email, body.name])
        return run(
            build=lambda: body.to_domain(initial.hash),
            present=lambda entered: NewUserOut.of_entered(entered, initial.shown),
        )

    return await to_thread.run_sync(enrol, limiter=shell.sign_ins)


@users.get("/users")
def list_users(run: Annotated[ListRun, provide_list(ListUsers)]) -> Response:
    """List the users of the company."""
    return run()


@users.get("/users/{user_id}", **gives(UserOut))
def read_user(user_id: PathId, run: Annotated[Run, provide(ReadUser)]) -> Response:
    """Show one user of the company."""
    return run(build=lambda: UserId(user_id), present=UserOut.of)


@users.patch("/users/{user_id}", **gives(UserOut))
def change_user(
    user_id: PathId, version: IfMatch, body: UserChange, run: Annotated[Run, provide(ChangeUser)]
) -> Response:
    """Change the fields sent of a user: what the company calls them, what they may do, whether they may act for it."""
    return run(build=lambda: body.to_domain(user_id, version), present=UserOut.of)


@users.delete("/users/{user_id}", **gives())
def remove_user(user_id: PathId, version: IfMatch, run: Annotated[Run, provide(RemoveUser)]) -> Response:
    """Take somebody out of the company; their account remains."""
    return run(build=lambda: Versioned(id=user_id, version=version), present=lambda _: None)


@roles.get("/rights", **gives(RightsOut))
async def list_rights(request: Request, context: Caller) -> Response:
    """List all that roles may allow, described in the caller's language."""
    texts = shell_of(request).container.texts
    shown = [
        RightOut(right=right, description=texts.text(context.locale, f"words.right.{right.value}", {}))
        for right in sorted(Right)
    ]
    return respond(render(RightsOut(items=shown), None), 200)


@roles.post("/roles", **gives(RoleOut, 201))
def create_role(body: RoleIn, run: Annotated[Run, provide(CreateRole)]) -> Response:
    """Enter a role, with rights that the caller holds."""
    return run(build=body.to_domain, present=RoleOut.of)


@roles.get("/roles")
def list_roles(run: Annotated[ListRun, provide_list(ListRoles)]) -> Response:
    """List roles."""
    return run()


@roles.get("/roles/{role_id}", **gives(RoleOut))
def read_role(role_id: PathId, run: Annotated[Run, provide(ReadRole)]) -> Response:
    """Show one role with its rights."""
    return run(build=lambda: RoleId(role_id), present=RoleOut.of)


@roles.patch("/roles/{role_id}", **gives(RoleOut))
def change_role(
    role_id: PathId, version: IfMatch, body: RoleChange, run: Annotated[Run, provide(ChangeRole)]
) -> Response:
    """Change the fields sent of a role; rights it did not have must be the caller's own."""
    return run(build=lambda: body.to_domain(role_id, version), present=RoleOut.of)


@roles.delete("/roles/{role_id}", **gives())
def delete_role(role_id: PathId, version: IfMatch, run: Annotated[Run, provide(DeleteRole)]) -> Response:
    """Delete a role that nobody holds."""
    return run(build=lambda: Versioned(id=role_id, version=version), present=lambda _: None)


@company.get("/company", **gives(CompanyOut))
def read_company(run: Annotated[Run, provide(ReadCompany)]) -> Response:
    """Show the company that the caller acts for."""
    return run(build=lambda: None, present=CompanyOut.of)


@company.patch("/company", **gives(CompanyOut))
def change_company(version: IfMatch, body: CompanyChange, run: Annotated[Run, provide(ChangeCompany)]) -> Response:
    """Change name or country of the company that the caller acts for."""
    return run(build=lambda: body.to_domain(run.context.company, version), present=CompanyOut.of)


@company.get("/company/settings", **gives(SettingsOut))
def read_settings(run: Annotated[Run, provide(ReadCompany)]) -> Response:
    """Show how the company works."""
    return run(build=lambda: None, present=SettingsOut.of)


@company.patch("/company/settings", **gives(SettingsOut))
def change_settings(version: IfMatch, body: SettingsChange, run: Annotated[Run, provide(ChangeSettings)]) -> Response:
    """Change the settings sent; they are in force everywhere within half a minute."""
    return run(build=lambda: body.to_domain(run.context.company, version), present=SettingsOut.of)


After = Annotated[int | None, Query(ge=1, le=LARGEST_COUNT, description="The `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Most versions of the page")]


@company.get("/company/settings/versions", **gives(SettingsVersionsOut))
def list_settings_versions(
    run: Annotated[Run, provide(ListSettingsVersions)], after: After = None, limit: Limit = 50
) -> Response:
    """List the settings as they are and as they were, newest first."""
    return run(
        build=lambda: VersionsQuery(before=after, limit=limit),
        present=lambda found: SettingsVersionsOut.of_page(found, limit),
    )

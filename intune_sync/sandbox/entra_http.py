"""Entra's addresses: tokens for apps, and the pages on which people sign in and out."""

from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from .graph import Graph, new_request_id
from .sign_in import Asked, SignIn
from .tokens import TokenRefused

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>body{{font:16px/1.5 sans-serif;
max-width:40rem;margin:3rem auto;padding:0 1rem}}button{{font:inherit;display:block;width:100%;text-align:left;
padding:.5rem;margin:.25rem 0}}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"""


class EntraEndpoint:
    def __init__(self, graph: Graph, sign_in: SignIn) -> None:
        self.graph, self.sign_in = graph, sign_in

    def routes(self) -> list[Route]:
        return [
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self.configuration),
            Route("/{tenant}/discovery/v2.0/keys", self.keys),
            Route("/{tenant}/oauth2/v2.0/token", self.token, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/{tenant}/oauth2/v2.0/logout", self.logout),
        ]

    async def configuration(self, request: Request) -> Response:
        root = f"{base_url(request)}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                "end_session_endpoint": f"{root}/oauth2/v2.0/logout",
                "issuer": f"{root}/v2.0",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
            }
        )

    async def keys(self, request: Request) -> Response:
        return JSONResponse(self.sign_in.keys())

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        url = f"{base_url(request)}{request.url.path}"
        try:
            self._check_tenant(request)
            people = form.get("grant_type") in ("authorization_code", "refresh_token")
            return JSONResponse((self.sign_in if people else self.graph.tokens).grant(form, url))
        except TokenRefused as refused:
            body = {
                "error": refused.error,
                "error_description": f"AADSTS{refused.number}: {refused.text}",
                "error_codes": [refused.number],
                "correlation_id": new_request_id(),
                "trace_id": new_request_id(),
            }
            return JSONResponse(body, 401 if refused.error == "invalid_client" else 400)

    async def authorize(self, request: Request) -> Response:
        """The page where one picks a person. A `login_hint` picks at once, as a single sign-on would."""
        try:
            self._check_tenant(request)
            asked = self.sign_in.asked(request.query_params)
            picked = request.query_params.get("login_hint", "")
            if request.method == "POST":
                form = dict(parse_qsl((await request.body()).decode()))
                if "cancel" in form:
                    return _sent_back(asked, {"error": "access_denied", "error_description": "AADSTS65004: declined."})
                picked = form.get("username", "")
            if not picked:
                return self._choice()
            return _sent_back(asked, {"code": self.sign_in.admit(asked, picked)})
        except TokenRefused as refused:
            text = f"<p>AADSTS{refused.number}: {escape(refused.text)}</p>"
            return HTMLResponse(_PAGE.format(title="Sign-in failed", body=text), 400)

    async def logout(self, request: Request) -> Response:
        back = request.query_params.get("post_logout_redirect_uri", "")
        if back.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            return RedirectResponse(back, 302)
        return HTMLResponse(_PAGE.format(title="Signed out", body="<p>You have signed out of the sandbox.</p>"))

    def _choice(self) -> Response:
        buttons = "".join(
            f'<button name="username" value="{escape(each.user_principal_name)}">{escape(each.name)} — '
            f"{escape(', '.join(each.roles) or 'no role')}{'' if each.enabled else ' (disabled)'}</button>"
            for each in self.sign_in.people.values()
        )
        body = f'<form method="post">{buttons}<button name="cancel" value="1">Cancel</button></form>'
        return HTMLResponse(_PAGE.format(title="Sign in to the sandbox", body=body))

    def _check_tenant(self, request: Request) -> None:
        tenant = request.path_params["tenant"]
        if tenant != self.graph.tokens.tenant_id:
            raise TokenRefused("invalid_request", 90002, f"Tenant '{tenant}' not found.")


def base_url(request: Request) -> str:
    return f"https://{request.headers.get('host', request.url.netloc)}"


def _sent_back(asked: Asked, values: dict[str, str]) -> Response:
    values = values | ({"state": asked.state} if asked.state else {})
    if asked.response_mode != "form_post":
        joint = "&" if "?" in asked.redirect_uri else "?"
        return RedirectResponse(f"{asked.redirect_uri}{joint}{urlencode(values)}", 302)
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())
    body = f'<form method="post" action="{escape(asked.redirect_uri)}">{fields}<button>Continue</button></form>'
    return HTMLResponse(_PAGE.format(title="Signed in", body=body + "<script>document.forms[0].submit()</script>"))

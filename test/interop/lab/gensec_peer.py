"""Samba's own client and server of SPNEGO and Kerberos (gensec over Heimdal), driven as gssapi_peer.py is.

"initiate": user, password, service, host, mechanism, seal, dce. "accept": the machine account of SMB_CONF, mechanism, seal, dce.
"""
import json
import sys

from samba import NTSTATUSError, gensec
from samba.credentials import MUST_USE_KERBEROS, Credentials
from samba.param import LoadParm

MECHANISMS = {"krb5": "gssapi_krb5", "spnego": "spnego"}
contexts = []
lp = LoadParm()
lp.load(sys.argv[1])


class Context:
    def __init__(self, security, request):
        self.security = security
        self.complete = False
        security.want_feature(gensec.FEATURE_SESSION_KEY)
        security.want_feature(gensec.FEATURE_SIGN)
        if request["seal"]:
            security.want_feature(gensec.FEATURE_SEAL)
        if request["dce"]:
            security.want_feature(gensec.FEATURE_DCE_STYLE)
        security.start_mech_by_name(MECHANISMS[request["mechanism"]])


def settings(host):
    return {"lp_ctx": lp, "target_hostname": host}


def initiate(request):
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_username(request["user"])
    credentials.set_realm("AD.TEST")
    credentials.set_password(request["password"])
    credentials.set_kerberos_state(MUST_USE_KERBEROS)
    security = gensec.Security.start_client(settings(request["host"]))
    security.set_credentials(credentials)
    security.set_target_service(request["service"])
    contexts.append(Context(security, request))
    return len(contexts) - 1


def accept(request):
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_machine_account(lp)
    credentials.set_kerberos_state(MUST_USE_KERBEROS)
    security = gensec.Security.start_server(settings(""), None)
    security.set_credentials(credentials)
    contexts.append(Context(security, request))
    return len(contexts) - 1


def step(request):
    context = contexts[request["context"]]
    finished, token = context.security.update(bytes.fromhex(request["token"]))
    context.complete = finished
    return {"token": token.hex(), "complete": finished}


def describe(request):
    context = contexts[request["context"]]
    return {"initiator": "", "mechanism": "", "flags": [], "key": context.security.session_key().hex()}


def wrap(request):
    return {"token": contexts[request["context"]].security.wrap(bytes.fromhex(request["message"])).hex()}


def unwrap(request):
    return {"message": contexts[request["context"]].security.unwrap(bytes.fromhex(request["token"])).hex(), "encrypted": False}


OPERATIONS = {f.__name__: f for f in (initiate, accept, step, describe, wrap, unwrap)}

for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    try:
        answer["result"] = OPERATIONS[request["op"]](request)
    except NTSTATUSError as error:
        answer["error"] = error.args[1]
        answer["name"] = f"0x{error.args[0] & 0xffffffff:08x}"
    except Exception as error:  # the driver's own mistakes are answers, too
        answer["error"] = repr(error)
    print(json.dumps(answer), flush=True)

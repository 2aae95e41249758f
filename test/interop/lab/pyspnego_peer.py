"""pyspnego's own SPNEGO and NTLM (pure Python, made to be what Windows is), driven as gssapi_peer.py is."""
import json
import os
import sys

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

PROTOCOLS = {"ntlm": "ntlm", "spnego": "negotiate"}
FLAGS = {
    "mutual_authentication": spnego.ContextReq.mutual_auth,
    "replay_detection": spnego.ContextReq.replay_detect,
    "out_of_sequence_detection": spnego.ContextReq.sequence_detect,
    "confidentiality": spnego.ContextReq.confidentiality,
    "integrity": spnego.ContextReq.integrity,
}
contexts = []


def common(request):
    data = request.get("bindings")
    return {
        "protocol": PROTOCOLS[request["mechanism"]],
        # never the system's GSSAPI
        "options": spnego.NegotiateOptions.use_ntlm if request["mechanism"] == "ntlm" else spnego.NegotiateOptions.use_negotiate,
        "channel_bindings": None if data is None else GssChannelBindings(application_data=bytes.fromhex(data)),
    }


def initiate(request):
    service, hostname = request["target"].split("@")
    flags = spnego.ContextReq.none
    for name in request["flags"]:
        flags |= FLAGS[name]
    contexts.append(spnego.client(request["user"], request["password"], hostname=hostname, service=service, context_req=flags, **common(request)))
    return len(contexts) - 1


def accept(request):
    os.environ["NTLM_USER_FILE"] = request["accounts"]
    contexts.append(spnego.server(**common(request)))
    return len(contexts) - 1


def step(request):
    context = contexts[request["context"]]
    token = context.step(bytes.fromhex(request["token"]) or None)
    return {"token": None if token is None else token.hex(), "complete": context.complete}


def describe(request):
    context = contexts[request["context"]]
    return {
        "initiator": context.client_principal or "",
        "mechanism": context.negotiated_protocol,
        "flags": [name for name, flag in FLAGS.items() if context.context_attr & flag],
        "key": context.session_key.hex(),
    }


def wrap(request):
    wrapped = contexts[request["context"]].wrap(bytes.fromhex(request["message"]), encrypt=request["encrypt"])
    return {"token": wrapped.data.hex(), "encrypted": wrapped.encrypted}


def unwrap(request):
    unwrapped = contexts[request["context"]].unwrap(bytes.fromhex(request["token"]))
    return {"message": unwrapped.data.hex(), "encrypted": unwrapped.encrypted}


def sign(request):
    return contexts[request["context"]].sign(bytes.fromhex(request["message"])).hex()


def verify(request):
    contexts[request["context"]].verify(bytes.fromhex(request["message"]), bytes.fromhex(request["mic"]))
    return True


OPERATIONS = {f.__name__: f for f in (initiate, accept, step, describe, wrap, unwrap, sign, verify)}

for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    try:
        answer["result"] = OPERATIONS[request["op"]](request)
    except SpnegoError as error:
        answer["error"] = str(error)
        answer["name"] = type(error).__name__
    except Exception as error:  # the driver's own mistakes are answers, too
        answer["error"] = repr(error)
    print(json.dumps(answer), flush=True)

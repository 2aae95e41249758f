"""MIT's GSSAPI with its Kerberos and gss-ntlmssp, driven over standard input and output.

One JSON object a line: {"id", "op", ...} in, {"id", "result"} or {"id", "error", "major"} out; bytes are hexadecimal.
A context is named by the number that "initiate" or "accept" returned.
"""
import json
import os
import sys

import gssapi
import gssapi.raw as raw

MECHANISMS = {
    "ntlm": gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10"),
    "spnego": gssapi.OID.from_int_seq("1.3.6.1.5.5.2"),
    "krb5": gssapi.OID.from_int_seq("1.2.840.113554.1.2.2"),
}
SESSION_KEY = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")
contexts = []


def oid(name):
    return MECHANISMS.get(name) or gssapi.OID.from_int_seq(name)


def bindings(request):
    data = request.get("bindings")
    return None if data is None else raw.ChannelBindings(application_data=bytes.fromhex(data))


def restricted(credential, request):
    """What SPNEGO may offer or take: gss_set_neg_mechs."""
    if request["mechanism"] == "spnego":
        raw.set_neg_mechs(credential, [oid(name) for name in request.get("offer", ["ntlm"])])
    return credential


def initiate(request):
    mechanism = oid(request["mechanism"])
    if request.get("ccache") is not None:
        credential = gssapi.Credentials(usage="initiate", mechs=[mechanism], store={"ccache": request["ccache"]})
    else:
        user = gssapi.Name(request["user"], gssapi.NameType.user)
        acquired = raw.acquire_cred_with_password(user, request["password"].encode(), mechs=[mechanism], usage="initiate")
        credential = restricted(gssapi.Credentials(base=acquired.creds), request)
    target = gssapi.Name(request["target"], gssapi.NameType.hostbased_service)
    contexts.append(gssapi.SecurityContext(
        name=target, creds=credential, usage="initiate", mech=mechanism,
        flags=[gssapi.RequirementFlag[name] for name in request["flags"]], channel_bindings=bindings(request)))
    return len(contexts) - 1


def accept(request):
    if request.get("keytab") is not None:
        credential = gssapi.Credentials(usage="accept", mechs=[oid(request["mechanism"])], store={"keytab": request["keytab"]})
        contexts.append(gssapi.SecurityContext(creds=credential, usage="accept", channel_bindings=bindings(request)))
        return len(contexts) - 1
    os.environ["NTLM_USER_FILE"] = request["accounts"]
    credential = gssapi.Credentials(usage="accept", mechs=[oid(request["mechanism"])])
    contexts.append(gssapi.SecurityContext(creds=restricted(credential, request), usage="accept", channel_bindings=bindings(request)))
    return len(contexts) - 1


def step(request):
    context = contexts[request["context"]]
    token = context.step(bytes.fromhex(request["token"]))
    return {"token": None if token is None else token.hex(), "complete": context.complete}


def describe(request):
    context = contexts[request["context"]]
    return {
        "initiator": str(context.initiator_name),
        "mechanism": context.mech.dotted_form,
        "flags": [flag.name for flag in context.actual_flags],
        "key": raw.inquire_sec_context_by_oid(context, SESSION_KEY)[0].hex(),
    }


def wrap(request):
    wrapped = contexts[request["context"]].wrap(bytes.fromhex(request["message"]), request["encrypt"])
    return {"token": wrapped.message.hex(), "encrypted": wrapped.encrypted}


def unwrap(request):
    unwrapped = contexts[request["context"]].unwrap(bytes.fromhex(request["token"]))
    return {"message": unwrapped.message.hex(), "encrypted": unwrapped.encrypted}


def sign(request):
    return contexts[request["context"]].get_signature(bytes.fromhex(request["message"])).hex()


def verify(request):
    contexts[request["context"]].verify_signature(bytes.fromhex(request["message"]), bytes.fromhex(request["mic"]))
    return True


def delegated(request):
    """Stores what the client delegated into a cache; tells whose it is."""
    credential = contexts[request["context"]].delegated_creds
    if credential is None:
        return None
    credential.store(store={"ccache": request["ccache"]}, usage="initiate", overwrite=True)
    return str(credential.name)


def part_of(part):
    """What is sealed, or signed only."""
    data = bytes.fromhex(part["data"])
    return (raw.IOVBufferType.data if part["encrypt"] else raw.IOVBufferType.sign_only, False, data)


def wrap_iov(request):
    """GSS_WrapEx: the header, the parts and, where the mechanism pads, the padding apart."""
    behind = [raw.IOVBufferType.padding] if request["padding"] else []
    iov = raw.IOV(raw.IOVBufferType.header, *map(part_of, request["parts"]), *behind, std_layout=False)
    raw.wrap_iov(contexts[request["context"]], iov, confidential=True)
    parts = [iov[i + 1].value.hex() for i in range(len(request["parts"]))]
    return {"token": iov[0].value.hex(), "parts": parts, "padding": (iov[-1].value or b"").hex() if behind else ""}


def unwrap_iov(request):
    behind = [(raw.IOVBufferType.padding, False, bytes.fromhex(request["padding"]))] if request["padding"] else []
    header = (raw.IOVBufferType.header, False, bytes.fromhex(request["token"]))
    iov = raw.IOV(header, *map(part_of, request["parts"]), *behind, std_layout=False)
    raw.unwrap_iov(contexts[request["context"]], iov)
    return [iov[i + 1].value.hex() for i in range(len(request["parts"]))]


OPERATIONS = {f.__name__: f for f in (initiate, accept, step, describe, wrap, unwrap, sign, verify, delegated, wrap_iov, unwrap_iov)}

for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"]}
    try:
        answer["result"] = OPERATIONS[request["op"]](request)
    except gssapi.exceptions.GSSError as error:
        answer["error"] = error.gen_message()
        answer["major"] = error.maj_code
        answer["name"] = type(error).__name__
        if getattr(error, "token", None):
            answer["token"] = error.token.hex()
    except Exception as error:  # the driver's own mistakes are answers, too
        answer["error"] = repr(error)
    print(json.dumps(answer), flush=True)

"""Accounts, groups, service principals and keytabs of a Samba domain, in one process where samba-tool would need dozens.

python3 samba_accounts.py SMB_CONF KEYTAB <accounts.json, answers with what the directory says of the user `tell`.
Runs before the controller starts, on its database.
"""
import json
import sys

import ldb
import samba.dckeytab  # gives Net its export_keytab
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

GROUP_TYPES = {"global": dsdb.GTYPE_SECURITY_GLOBAL_GROUP, "universal": dsdb.GTYPE_SECURITY_UNIVERSAL_GROUP, "local": dsdb.GTYPE_SECURITY_DOMAIN_LOCAL_GROUP}
HOURS = -36_000_000_000  # an age is negative, in units of 100 ns

configuration, keytab = sys.argv[1:]
request = json.load(sys.stdin)
lp = LoadParm()
lp.load(configuration)
sam = SamDB(session_info=system_session(), lp=lp)
base = sam.domain_dn()


def dn_of(account):
    return str(sam.search(base=base, scope=ldb.SCOPE_SUBTREE, expression=f"(sAMAccountName={ldb.binary_encode(account)})", attrs=[])[0].dn)


def replace(dn, **values):
    message = ldb.Message(ldb.Dn(sam, dn))
    for name, value in values.items():
        message[name.replace("_", "-")] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name.replace("_", "-"))
    sam.modify(message)


def create_user(name, options):
    sam.newuser(name, options["password"])
    dn = dn_of(name)
    if "spn" in options:
        replace(dn, servicePrincipalName=options["spn"])
    if "encryptionTypes" in options:  # keys are made when the password is set
        replace(dn, msDS_SupportedEncryptionTypes=str(options["encryptionTypes"]))
        sam.setpassword(f"(sAMAccountName={name})", options["password"])
    if options.get("disabled"):
        sam.toggle_userAccountFlags(f"(sAMAccountName={name})", dsdb.UF_ACCOUNTDISABLE)
    if options.get("expired"):
        replace(dn, accountExpires="132000000000000000")  # in April 2019
    if options.get("mustChange"):
        replace(dn, pwdLastSet="0")
    if "lockoutThreshold" in options:
        sam.add({
            "dn": f"CN={name},CN=Password Settings Container,CN=System,{base}", "objectClass": "msDS-PasswordSettings", "msDS-PasswordSettingsPrecedence": "1",
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE", "msDS-PasswordHistoryLength": "0", "msDS-PasswordComplexityEnabled": "TRUE",
            "msDS-MinimumPasswordLength": "7", "msDS-MinimumPasswordAge": "0", "msDS-MaximumPasswordAge": str(HOURS * 1000),
            "msDS-LockoutThreshold": str(options["lockoutThreshold"]), "msDS-LockoutObservationWindow": str(HOURS), "msDS-LockoutDuration": str(HOURS),
            "msDS-PSOAppliesTo": dn,
        })


replace(base, minPwdAge="0")  # a password may be changed as soon as it is set
for name, spn in request["spns"].items():
    message = ldb.Message(ldb.Dn(sam, dn_of(name)))
    message["servicePrincipalName"] = ldb.MessageElement(spn, ldb.FLAG_MOD_ADD, "servicePrincipalName")
    sam.modify(message)
for name, options in request["users"].items():
    create_user(name, options)
for name, options in request["groups"].items():
    sam.newgroup(name, grouptype=GROUP_TYPES[options["scope"]])
    sam.add_remove_group_members(name, options["members"])
net = Net(None, lp)
for principal in request["keytab"]:
    net.export_keytab(keytab=keytab, principal=principal)


def sid(value):
    return str(ndr_unpack(security.dom_sid, value))


told = sam.search(base=dn_of(request["tell"]), scope=ldb.SCOPE_BASE, attrs=["objectSid", "tokenGroups", "unicodePwd"])[0]
json.dump({
    "userSid": sid(told["objectSid"][0]),
    "tokenGroups": sorted(sid(value) for value in told["tokenGroups"]),
    "ntHash": told["unicodePwd"][0].hex(),
    "serviceKvno": int(sam.search(base=dn_of("web"), scope=ldb.SCOPE_BASE, attrs=["msDS-KeyVersionNumber"])[0]["msDS-KeyVersionNumber"][0]),
    "groups": {name: sid(sam.search(base=dn_of(name), scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]["objectSid"][0]) for name in request["groups"]},
}, sys.stdout)

"""Connects with async-substrate-interface, whichever the environment has (1.6 over py-scale-codec and bt-decode, 2 over cyscale), and signs transfers.

    python sign.py INPUT.json

INPUT: {"url", "uri": secret of the sender, "to": address, "amount": decimal, "v15": whether the runtime has metadata of version 15}
Output: {"nonce", "address", "free", "extrinsics": [{"name", "call", "extrinsic"}], "fee"}; no fee without version 15, where the client does not know the API
"""
import json
import os
import sys
import traceback

from async_substrate_interface.sync_substrate import SubstrateInterface
from bittensor_wallet import Keypair


def main():
    with open(sys.argv[1]) as file:
        given = json.load(file)
    pair = Keypair.create_from_uri(given["uri"])
    # As the bittensor SDK and btcli construct it.
    chain = SubstrateInterface(given["url"], ss58_format=42, type_registry={"types": {"Balance": "u64"}}, use_remote_preset=False, chain_name="Bittensor")
    account = chain.query("System", "Account", [pair.ss58_address])
    account = getattr(account, "value", account)
    nonce = chain.get_account_next_index(pair.ss58_address)
    extrinsics = []

    def compose():
        return chain.compose_call("Balances", "transfer_keep_alive", {"dest": given["to"], "value": int(given["amount"])})

    def sign(name, **options):
        call = compose()
        extrinsic = chain.create_signed_extrinsic(call=call, keypair=pair, nonce=nonce + len(extrinsics), **options)
        extrinsics.append({"name": name, "call": str(call.data), "extrinsic": str(extrinsic.data)})

    sign("immortal")
    sign("mortal", era={"period": 64})
    sign("tip", era={"period": 64}, tip=12345)
    fee = ""
    if given["v15"]:
        fee = str(chain.get_payment_info(compose(), pair)["partial_fee"])
    print(json.dumps({"nonce": nonce, "address": pair.ss58_address, "free": str(account["data"]["free"]), "extrinsics": extrinsics, "fee": fee}))


# The client keeps a thread on its connection, which would keep the process.
try:
    main()
    sys.stdout.flush()
    os._exit(0)
except BaseException:
    traceback.print_exc()
    os._exit(1)

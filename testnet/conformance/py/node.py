"""Drives a running chain with async-substrate-interface, whichever the environment has: 1.6 as the bittensor SDK has it, or 2 as btcli does.

    python node.py INPUT.json

INPUT: {"url", "client": "sync" or "async", "from": secret of an account with funds, "proxied": secret of another one}
Output: {"steps": [{"name", "error", "facts", "notes"}]}
"""
import ast
import asyncio
import inspect
import json
import os
import sys
import time
import traceback

from async_substrate_interface import AsyncSubstrateInterface, SubstrateInterface
from async_substrate_interface.errors import SubstrateRequestException
from bittensor_wallet import Keypair

TAO = 1_000_000_000
with open(sys.argv[1]) as file:
    given = json.load(file)
sender = Keypair.create_from_uri(given["from"])
proxied = Keypair.create_from_uri(given["proxied"])
taken = 0


def stranger():
    """An account that nobody has used before."""
    global taken
    taken += 1
    return Keypair.create_from_uri(f"//Stranger//{time.time_ns()}//{taken}")


def plain(value):
    """Values are wrapped in version 1.6."""
    return getattr(value, "value", value)


async def got(value):
    """What a call of either client returns: the asynchronous one has some answers at once."""
    return await value if inspect.isawaitable(value) else value


async def refusal(value):
    """The error with which the node refuses. The client makes a text of it, which the bittensor SDK reads as Python."""
    try:
        await got(value())
    except SubstrateRequestException as error:
        refused = ast.literal_eval(str(error))["error"]
        return [refused["code"], refused["message"], refused["data"]]
    raise AssertionError("it was taken")


class Steps:
    def __init__(self, chain):
        self.chain = chain

    async def account(self, who, **at):
        return plain(await got(self.chain.query("System", "Account", [who.ss58_address], **at)))

    async def free(self, who, **at):
        return (await self.account(who, **at))["data"]["free"]

    async def next_index(self):
        """The nonce that the node names, as the asynchronous client counts on by itself where it is asked."""
        return (await got(self.chain.rpc_request("account_nextIndex", [sender.ss58_address])))["result"]

    async def pay(self, to, amount):
        return await got(self.chain.compose_call("Balances", "transfer_keep_alive", {"dest": to.ss58_address, "value": amount}))

    async def send(self, call, pair=sender, inclusion=True, finalization=False, **options):
        nonce = await got(self.chain.get_account_next_index(pair.ss58_address))
        extrinsic = await got(self.chain.create_signed_extrinsic(call=call, keypair=pair, nonce=nonce, **options))
        return await got(self.chain.submit_extrinsic(extrinsic, wait_for_inclusion=inclusion, wait_for_finalization=finalization))

    @staticmethod
    def names(events):
        # {"event": {"module_id", "event_id"}} in either version.
        return [f"{e['event']['module_id']}.{e['event']['event_id']}" for e in map(plain, events)]

    async def connect(self, note):
        version = plain(await got(self.chain.rpc_request("state_getRuntimeVersion", [])))["result"]
        properties = await got(self.chain.rpc_request("system_properties", []))
        chain = (await got(self.chain.rpc_request("system_chain", [])))["result"]
        kind = (await got(self.chain.rpc_request("system_chainType", [])))["result"]
        supported = [await got(self.chain.supports_rpc_method(name)) for name in ("state_call", "account_nextIndex", "state_getStorageAt")]
        return {"chain": chain, "type": kind, "runtime": f"{version['specName']} {version['specVersion']}", "symbol": properties["result"]["tokenSymbol"], "supported": supported}

    async def read(self, note):
        head = await got(self.chain.get_chain_head())
        number = await got(self.chain.get_block_number(head))
        assert plain(await got(self.chain.query("System", "Number", block_hash=head))) == number
        assert await self.free(sender) > 0
        absent = await self.free(stranger())
        keys = [await got(self.chain.create_storage_key("System", "Account", [who.ss58_address])) for who in (sender, proxied)]
        several = await got(self.chain.query_multi(keys))
        assert [plain(value)["data"]["free"] > 0 for _, value in several] == [True, True]
        constant = plain(await got(self.chain.get_constant("Balances", "ExistentialDeposit")))
        decimals = await got(self.chain.rpc_request("system_properties", []))
        return {"deposit": constant, "absent": absent, "decimals": decimals["result"]["tokenDecimals"]}

    async def maps(self, note):
        async def read(**options):
            result = await got(self.chain.query_map("System", "Account", **options))
            records = []
            if hasattr(result, "__aiter__"):
                async for key, value in result:
                    records.append((plain(key), plain(value)["data"]["free"]))
            else:
                for key, value in result:
                    records.append((plain(key), plain(value)["data"]["free"]))
            return records

        first = await got(self.chain.get_block_hash(1))
        whole, pages = await read(block_hash=first), await read(block_hash=first, page_size=3)
        assert sorted(map(str, whole)) == sorted(map(str, pages))
        return {"accounts": len(whole), "issued": sum(amount for _, amount in whole)}

    async def calls(self, note):
        nonce = plain(await got(self.chain.runtime_call("AccountNonceApi", "account_nonce", [sender.ss58_address])))
        assert nonce == (await self.account(sender))["nonce"]
        version = plain(await got(self.chain.runtime_call("Core", "version")))
        weight = plain(await got(self.chain.runtime_call("TransactionPaymentApi", "query_weight_to_fee", [{"ref_time": 1_000_000_000, "proof_size": 0}])))
        duration = plain(await got(self.chain.runtime_call("AuraApi", "slot_duration")))
        note("weight of a millisecond", weight, "version", version)
        # A number in a struct of one field comes as a sequence of one in version 1.6.
        return {"name": version["spec_name"], "duration": duration[0] if isinstance(duration, (list, tuple)) else duration}

    async def inclusion(self, note):
        to = stranger()
        before = await self.free(sender)
        call = await self.pay(to, 3 * TAO)
        estimated = (await got(self.chain.get_payment_info(call, sender)))["partial_fee"]
        receipt = await self.send(call)
        ok = await got(receipt.is_success)
        fee = await got(receipt.total_fee_amount)
        assert await self.free(to, block_hash=receipt.block_hash) == 3 * TAO
        assert before - await self.free(sender, block_hash=receipt.block_hash) == 3 * TAO + fee
        events = self.names(await got(receipt.triggered_events))
        note("fee", fee, "estimated", estimated, events)
        assert await got(receipt.extrinsic_idx) > 0
        return {"ok": ok, "finalized": receipt.finalized, "near": abs(fee - estimated) < fee / 10, "last": events[-1], "error": await got(receipt.error_message)}

    async def finalization(self, note):
        to = stranger()
        receipt = await self.send(await self.pay(to, 4 * TAO), finalization=True)
        head = await got(self.chain.get_chain_finalised_head())
        assert await got(self.chain.get_block_number(head)) >= await got(self.chain.get_block_number(receipt.block_hash))
        assert await self.free(to, block_hash=head) == 4 * TAO
        return {"ok": await got(receipt.is_success), "finalized": receipt.finalized}

    async def mortal(self, note):
        to = stranger()
        receipt = await self.send(await self.pay(to, TAO), era={"period": 64}, tip=777, finalization=True)
        block = await got(self.chain.get_block(receipt.block_hash))
        extrinsic = plain(block["extrinsics"][await got(receipt.extrinsic_idx)])
        note(extrinsic["era"])
        return {"ok": await got(receipt.is_success), "tip": extrinsic["tip"], "mortal": extrinsic["era"] != "00"}

    async def unwatched(self, note):
        nonce = await self.next_index()
        to = stranger()
        receipt = await self.send(await self.pay(to, TAO), inclusion=False)
        after = await self.next_index()
        for _ in range(200):
            if await self.free(to) == TAO:
                break
            await asyncio.sleep(0.05)
        assert await self.free(to) == TAO
        note(receipt.extrinsic_hash)
        return {"next": after - nonce}

    async def fails(self, note):
        call = await got(self.chain.compose_call("Balances", "transfer_allow_death", {"dest": proxied.ss58_address, "value": 1 << 62}))
        receipt = await self.send(call)
        token = await got(receipt.error_message)
        call = await got(self.chain.compose_call("Proxy", "remove_proxy", {"delegate": proxied.ss58_address, "proxy_type": "Any", "delay": 0}))
        other = await self.send(call)
        module = await got(other.error_message)
        note(token)
        return {"ok": [await got(receipt.is_success), await got(other.is_success)], "module": [module["type"], module["name"]]}

    async def calls_in_calls(self, note):
        to = stranger()
        batch = await got(self.chain.compose_call("Utility", "batch_all", {"calls": [await self.pay(to, TAO), await self.pay(to, 2 * TAO)]}))
        receipt = await self.send(batch)
        assert await got(receipt.is_success), await got(receipt.error_message)
        add = await got(self.chain.compose_call("Proxy", "add_proxy", {"delegate": sender.ss58_address, "proxy_type": "Transfer", "delay": 0}))
        await self.send(add, pair=proxied)
        before = await self.free(proxied)
        act = await got(self.chain.compose_call("Proxy", "proxy", {"real": proxied.ss58_address, "force_proxy_type": None, "call": await self.pay(to, 5 * TAO)}))
        receipt = await self.send(act)
        events = self.names(await got(receipt.triggered_events))
        proxies = plain(await got(self.chain.query("Proxy", "Proxies", [proxied.ss58_address])))
        note(proxies)
        return {"received": await self.free(to), "spent": before > await self.free(proxied), "proxied": "Proxy.ProxyExecuted" in events}

    async def heads(self, note):
        seen = []

        def heard(block):
            seen.append(block["header"]["number"])
            if len(seen) == 4:
                return seen

        async def heard_later(block):
            return heard(block)

        handler = heard_later if isinstance(self.chain, AsyncSubstrateInterface) else heard
        current = await got(self.chain.get_chain_head())
        note(await got(self.chain.get_block_handler(current, header_only=True, subscription_handler=handler)))
        return {"follow": [b - a for a, b in zip(seen, seen[1:])]}

    async def subscribed(self, note):
        key = await got(self.chain.create_storage_key("Timestamp", "Now", []))
        seen = []

        def heard(storage_key, value, subscription_id):
            seen.append(plain(value))
            if len(seen) == 3:
                return seen

        async def heard_later(storage_key, value, subscription_id):
            return heard(storage_key, value, subscription_id)

        try:
            await got(self.chain.subscribe_storage([key], heard_later if isinstance(self.chain, AsyncSubstrateInterface) else heard))
        except TypeError as error:  # the client ends so where a handler has enough: it looks for an error in a truth value
            note(error)
        note(seen)
        return {"later": [b > a for a, b in zip(seen, seen[1:])]}

    async def blocks(self, note):
        receipt = await self.send(await self.pay(proxied, 1))
        block = await got(self.chain.get_block(receipt.block_hash))
        extrinsics = [plain(x) for x in block["extrinsics"]]
        found = [x for x in extrinsics if x["call"]["call_module"] == "Balances"]
        events = self.names(await got(self.chain.get_events(receipt.block_hash)))
        return {"first": extrinsics[0]["call"]["call_module"] + "." + extrinsics[0]["call"]["call_function"], "found": len(found) > 0, "events": "Balances.Transfer" in events}

    async def historic(self, note):
        first = await got(self.chain.get_block_hash(1))
        beyond = (await got(self.chain.rpc_request("chain_getBlockHash", [2_000_000_000])))["result"]
        number = plain(await got(self.chain.query("System", "Number", block_hash=first)))
        nonce = (await self.account(sender, block_hash=first))["nonce"]
        genesis = await got(self.chain.get_block_hash(0))
        free = await self.free(sender, block_hash=genesis)
        called = plain(await got(self.chain.runtime_call("AccountNonceApi", "account_nonce", [sender.ss58_address], block_hash=first)))
        return {"number": number, "nonce": nonce, "free": free, "called": called, "beyond": beyond}

    async def refused(self, note):
        # The last step, as the asynchronous client of version 2 takes the nonce of what it signs for the account's.
        call = await self.pay(proxied, 1)

        async def submit(pair, nonce):
            extrinsic = await got(self.chain.create_signed_extrinsic(call=call, keypair=pair, nonce=nonce))
            return await got(self.chain.submit_extrinsic(extrinsic, wait_for_inclusion=True))

        return {"stale": await refusal(lambda: submit(sender, 0)), "poor": await refusal(lambda: submit(stranger(), 0))}


async def run(steps, names):
    out = []
    for name in names:
        notes = []
        entry = {"name": name, "error": None, "facts": None, "notes": notes}
        try:
            entry["facts"] = await asyncio.wait_for(getattr(steps, name)(lambda *what: notes.append(" ".join(map(str, what)))), 90)
        except BaseException:
            entry["error"] = traceback.format_exc()
        out.append(entry)
    return out


async def main():
    names = [name for name, f in vars(Steps).items() if inspect.iscoroutinefunction(f) and list(inspect.signature(f).parameters) == ["self", "note"]]
    # As the bittensor SDK and btcli construct it.
    options = dict(ss58_format=42, type_registry={"types": {"Balance": "u64"}}, use_remote_preset=False, chain_name="Bittensor")
    if given["client"] == "sync":
        steps = await run(Steps(SubstrateInterface(given["url"], **options)), names)
    else:
        async with AsyncSubstrateInterface(given["url"], **options) as chain:
            steps = await run(Steps(chain), names)
    print(json.dumps({"steps": steps}, default=str))


# The clients keep threads and tasks on their connections, which would keep the process.
try:
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
except BaseException:
    traceback.print_exc()
    os._exit(1)

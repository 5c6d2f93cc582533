"""Reads metadata of version 15 with bt-decode, as the bittensor SDK does, and writes it again.

    python bt_decode_metadata.py INPUT.json

INPUT: {"metadata": {"15": hex}}
Output: {"failures": [text, …], "versions": {"15": counts}}
"""
import json
import sys

import bt_decode

with open(sys.argv[1]) as file:
    data = bytes.fromhex(json.load(file)["metadata"]["15"][2:])
failures = []


def compact(n):
    if n < 1 << 6:
        return bytes([n << 2])
    if n < 1 << 14:
        return (n << 2 | 1).to_bytes(2, "little")
    return (n << 2 | 2).to_bytes(4, "little")


# What Metadata_metadata_at_version answers: Some(opaque bytes).
answer = b"\x01" + compact(len(data)) + data
metadata = bt_decode.MetadataV15.decode_from_metadata_option(answer)
if bytes(metadata.encode_to_metadata_option()) != answer:
    failures.append("written again it differs")
registry = bt_decode.PortableRegistry.from_metadata_v15(metadata)
body = metadata.value()
counts = dict.fromkeys(["types", "pallets", "storage", "calls", "events", "errors", "constants", "values", "extensions", "apis"], 0)
definitions = {entry["id"]: entry["type"]["def"] for entry in body["types"]["types"]}
counts["types"] = len(definitions)


def check(what, type_id, encoded):
    """A value of the chain, as SCALE, through the type that the metadata names for it."""
    counts["values"] += 1
    try:
        bt_decode.decode(f"scale_info::{type_id}", registry, bytes(encoded))
    except BaseException as error:  # a panic of the Rust side is no Exception
        failures.append(f"{what}: {error!r}")


def cases(part):
    if part is None:
        return 0
    return len(definitions[part["ty"]]["variant"].get("variants", []))


for pallet in body["pallets"]:
    counts["pallets"] += 1
    for item in (pallet.get("storage") or {}).get("entries", []):
        counts["storage"] += 1
        if item["modifier"] == "Default":
            kind = item["ty"]
            check(f"{pallet['name']}.{item['name']}", kind["Plain"] if "Plain" in kind else kind["Map"]["value"], item["default"])
    for constant in pallet.get("constants", []):
        counts["constants"] += 1
        check(f"{pallet['name']}.{constant['name']}", constant["ty"], constant["value"])
    counts["calls"] += cases(pallet.get("calls"))
    counts["events"] += cases(pallet.get("event"))
    counts["errors"] += cases(pallet.get("error"))
counts["extensions"] = len(body["extrinsic"]["signed_extensions"])
counts["apis"] = sum(len(api["methods"]) for api in body["apis"])
print(json.dumps({"failures": failures, "versions": {"15": counts}}))

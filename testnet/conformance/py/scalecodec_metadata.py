"""Reads metadata with py-scale-codec or cyscale, whichever the environment has (both are the module scalecodec), and writes it again.

    python scalecodec_metadata.py INPUT.json

INPUT: {"metadata": {"14": hex, "15": hex}}. py-scale-codec knows version 14 alone: the caller gives it no other.
Output: {"failures": [text, …], "versions": {"14": counts, …}}
"""
import json
import sys

from scalecodec.base import RuntimeConfigurationObject, ScaleBytes
from scalecodec.type_registry import load_type_registry_preset

with open(sys.argv[1]) as file:
    given = json.load(file)
failures = []
versions = {}

for version, text in given["metadata"].items():
    config = RuntimeConfigurationObject()
    config.clear_type_registry()
    config.update_type_registry(load_type_registry_preset("core"))
    metadata = config.create_scale_object("MetadataVersioned", data=ScaleBytes(text))
    value = metadata.decode()
    if str(config.create_scale_object("MetadataVersioned").encode(value)) != text:
        failures.append(f"v{version}: written again it differs")
    body = value[1]["V" + version]
    types = body["types"]["types"]
    config.add_portable_registry(metadata)

    counts = dict.fromkeys(["types", "pallets", "storage", "calls", "events", "errors", "constants", "values", "extensions", "apis"], 0)
    versions[version] = counts

    def check(what, type_id, data):
        """A value of the chain, as SCALE, through the type that the metadata names for it."""
        counts["values"] += 1
        try:
            stream = ScaleBytes("0x" + bytes(data).hex())
            config.create_scale_object(f"scale_info::{type_id}", data=stream).decode()
            if stream.get_remaining_length() != 0:
                failures.append(f"v{version}: {what}: {stream.get_remaining_length()} bytes of 0x{bytes(data).hex()} are left over")
        except Exception as error:
            failures.append(f"v{version}: {what}: {error!r}")

    for entry in types:
        counts["types"] += 1
        try:
            config.create_scale_object(f"scale_info::{entry['id']}")
        except Exception as error:
            failures.append(f"v{version}: type {entry['id']}: {error!r}")

    for pallet in metadata.pallets:
        counts["pallets"] += 1
        for item in pallet.storage or []:
            if item.value["name"].startswith(":"):
                continue  # the library's own
            counts["storage"] += 1
            if item.value["modifier"] == "Default":
                plain = item.value["type"].get("Plain")
                type_id = plain if plain is not None else item.value["type"]["Map"]["value"]
                check(f"{pallet.name}.{item.value['name']}", type_id, item.value_object["default"].value_object)
        for constant in pallet.constants or []:
            counts["constants"] += 1
            check(f"{pallet.name}.{constant.value['name']}", constant.value["type"], constant.value_object["value"].value_object)
        counts["calls"] += len(pallet.calls or [])
        counts["events"] += len(pallet.events or [])
        counts["errors"] += len(pallet.errors or [])
        # The clients above these decoders name an error by its position and do not ask for its index.
        for position, error in enumerate(pallet.errors or []):
            if error.value["index"] != position:
                failures.append(f"v{version}: {pallet.name}.{error.value['name']}: index {error.value['index']} at position {position}")
    counts["extensions"] = len(body["extrinsic"]["signed_extensions"])
    counts["apis"] = sum(len(api["methods"]) for api in body.get("apis", []))

print(json.dumps({"failures": failures, "versions": versions}))

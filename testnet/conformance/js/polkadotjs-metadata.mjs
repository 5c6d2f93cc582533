// Reads metadata with polkadot.js, whole, and writes it again.
//
//   node polkadotjs-metadata.mjs INPUT.json
//
// INPUT: {metadata: {"14": hex, "15": hex}}
// Output: {failures: [text, …], versions: {"14": counts, …}}
import { readFileSync } from "node:fs";
import { TypeRegistry } from "@polkadot/types/create";
import { expandMetadata, Metadata } from "@polkadot/types/metadata";
import { hexToU8a, u8aEq, u8aToHex } from "@polkadot/util";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failures = [];
const versions = {};

function attempt(what, check) {
  try {
    return check();
  } catch (error) {
    failures.push(`${what}: ${error.message}`);
  }
}

for (const [version, hex] of Object.entries(input.metadata)) {
  const fail = (text) => failures.push(`v${version}: ${text}`);
  const registry = new TypeRegistry();
  const metadata = new Metadata(registry, hex);
  if (String(metadata.version) !== version) fail(`read as version ${metadata.version}`);
  if (metadata.toHex() !== hex) fail("written again it differs");
  registry.setMetadata(metadata);

  const n = { types: 0, pallets: 0, storage: 0, calls: 0, events: 0, errors: 0, constants: 0, values: 0, extensions: 0, apis: 0 };
  versions[version] = n;
  const latest = metadata.asLatest;
  const raw = version === "14" ? metadata.asV14 : metadata.asV15;

  // Every type can be made, and reads back what it writes.
  for (const { id } of latest.lookup.types) {
    n.types += 1;
    attempt(`v${version} type ${id}`, () => {
      const type = registry.createLookupType(id);
      const def = registry.lookup.getTypeDef(id);
      if (!def.type) fail(`type ${id} has no definition`);
      registry.createClassUnsafe(type);
    });
  }

  // A value of the chain, as SCALE, through the type that the metadata names for it.
  const value = (what, id, bytes) => {
    n.values += 1;
    attempt(`v${version} ${what}`, () => {
      const type = registry.createLookupType(id);
      const decoded = registry.createTypeUnsafe(type, [bytes]);
      const again = decoded.toU8a();
      if (!u8aEq(again, bytes)) fail(`${what}: 0x${u8aToHex(bytes).slice(2)} is written again as ${u8aToHex(again)}`);
      decoded.toHuman();
    });
  };
  const variants = (id) => registry.lookup.getSiType(id).def.asVariant.variants.length;
  for (const pallet of raw.pallets) {
    n.pallets += 1;
    if (pallet.storage.isSome) {
      for (const item of pallet.storage.unwrap().items) {
        n.storage += 1;
        const type = item.type.isPlain ? item.type.asPlain : item.type.asMap.value;
        if (item.modifier.isDefault) value(`${pallet.name}.${item.name}`, type, item.fallback.toU8a(true));
      }
    }
    if (pallet.calls.isSome) n.calls += variants(pallet.calls.unwrap().type);
    if (pallet.events.isSome) n.events += variants(pallet.events.unwrap().type);
    if (pallet.errors.isSome) n.errors += variants(pallet.errors.unwrap().type);
    for (const constant of pallet.constants) {
      n.constants += 1;
      value(`${pallet.name}.${constant.name}`, constant.type, constant.value.toU8a(true));
    }
  }
  const extrinsic = raw.extrinsic;
  n.extensions = extrinsic.signedExtensions.length;
  if (extrinsic.version.toNumber() !== 4) fail(`extrinsics of version ${extrinsic.version}`);
  if (version === "15") n.apis = raw.apis.reduce((sum, api) => sum + api.methods.length, 0);

  // What api.tx, api.query, api.consts, api.events and api.errors are made of.
  attempt(`v${version} decorate`, () => {
    const decorated = expandMetadata(registry, metadata);
    const count = (what, want) => {
      const got = Object.values(decorated[what]).reduce((sum, section) => sum + Object.keys(section).length, 0);
      if (got !== want) fail(`decorated ${what}: got ${got}, want ${want}`);
    };
    count("tx", n.calls);
    count("consts", n.constants);
    count("events", n.events);
    count("errors", n.errors);
    for (const [section, items] of Object.entries(decorated.query)) {
      if (section === "substrate") continue; // polkadot.js's own
      for (const [name, entry] of Object.entries(items)) {
        if (!entry.meta || !entry.prefix) fail(`storage ${section}.${name} has no key`);
      }
    }
    for (const [section, calls] of Object.entries(decorated.tx)) {
      for (const [name, call] of Object.entries(calls)) {
        for (const { type } of call.meta.args) attempt(`v${version} ${section}.${name}`, () => registry.createClassUnsafe(type.toString()));
      }
    }
  });
}
process.stdout.write(JSON.stringify({ failures, versions }) + "\n");

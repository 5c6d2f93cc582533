// Reads metadata with polkadot-api's libraries, builds a codec for everything in it, and calculates the metadata hash of RFC 78.
//
//   node papi-metadata.mjs INPUT.json
//
// INPUT: {metadata: {"14": hex, "15": hex}, info: {decimals, tokenSymbol}}
// Output: {failures: [text, …], versions: {"14": counts, …}, digest: hex or null}
import { readFileSync } from "node:fs";
import { merkleizeMetadata } from "@polkadot-api/merkleize-metadata";
import { getDynamicBuilder, getLookupFn } from "@polkadot-api/metadata-builders";
import { decAnyMetadata, metadata as codec, unifyMetadata } from "@polkadot-api/substrate-bindings";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failures = [];
const versions = {};
const hexOf = (bytes) => "0x" + Buffer.from(bytes).toString("hex");

for (const [version, hex] of Object.entries(input.metadata)) {
  const fail = (text) => failures.push(`v${version}: ${text}`);
  const attempt = (what, check) => {
    try {
      return check();
    } catch (error) {
      fail(`${what}: ${error.message}`);
    }
  };
  const decoded = decAnyMetadata(hex);
  if (decoded.metadata.tag !== "v" + version) fail(`read as ${decoded.metadata.tag}`);
  attempt("write", () => {
    if (hexOf(codec.enc(decoded)) !== hex) fail("written again it differs");
  });

  const unified = unifyMetadata(decoded);
  const lookup = getLookupFn(unified);
  const builder = getDynamicBuilder(lookup);
  const n = { types: 0, pallets: 0, storage: 0, calls: 0, events: 0, errors: 0, constants: 0, values: 0, extensions: 0, apis: 0 };
  versions[version] = n;
  for (const { id } of unified.lookup) {
    n.types += 1;
    attempt(`type ${id}`, () => {
      lookup(id);
      builder.buildDefinition(id);
    });
  }
  const value = (what, codec, hex) => {
    n.values += 1;
    attempt(what, () => {
      const again = hexOf(codec.enc(codec.dec(hex)));
      if (again !== hex) fail(`${what}: ${hex} is written again as ${again}`);
    });
  };
  const variants = (type, build) => {
    if (type == null) return 0;
    const entry = lookup(type.type ?? type);
    // An enum without cases is no enum to the lookup.
    const cases = entry.type === "enum" ? Object.keys(entry.value) : [];
    for (const name of cases) attempt(name, () => build(name));
    return cases.length;
  };
  for (const pallet of unified.pallets) {
    n.pallets += 1;
    for (const item of pallet.storage?.items ?? []) {
      n.storage += 1;
      const what = `${pallet.name}.${item.name}`;
      attempt(what, () => {
        const storage = builder.buildStorage(pallet.name, item.name);
        if (item.modifier === 1 || item.modifier === "Default") value(what, storage.value, hexOf(Buffer.from(item.fallback.replace(/^0x/, ""), "hex")));
      });
    }
    n.calls += variants(pallet.calls, (name) => builder.buildCall(pallet.name, name));
    n.events += variants(pallet.events, (name) => builder.buildEvent(pallet.name, name));
    n.errors += variants(pallet.errors, (name) => builder.buildError(pallet.name, name));
    for (const constant of pallet.constants) {
      n.constants += 1;
      value(`${pallet.name}.${constant.name}`, builder.buildConstant(pallet.name, constant.name), constant.value);
    }
  }
  for (const api of version === "14" ? [] : unified.apis) {
    for (const method of api.methods) {
      n.apis += 1;
      attempt(`${api.name}.${method.name}`, () => builder.buildRuntimeCall(api.name, method.name));
    }
  }
  const extensions = decoded.metadata.value.extrinsic.signedExtensions;
  n.extensions = extensions.length;
  for (const extension of extensions) {
    attempt(extension.identifier, () => {
      builder.buildDefinition(extension.type);
      builder.buildDefinition(extension.additionalSigned);
    });
  }
}

let digest = null;
if (input.metadata["15"]) {
  try {
    digest = hexOf(merkleizeMetadata(input.metadata["15"], input.info).digest());
  } catch (error) {
    failures.push(`metadata hash: ${error.message}`);
  }
}
process.stdout.write(JSON.stringify({ failures, versions, digest }) + "\n");

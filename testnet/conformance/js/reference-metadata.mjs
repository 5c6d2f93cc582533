// Prints the metadata of Substrate's own node that polkadot.js brings for its tests: the control of every reader here.
//
//   node reference-metadata.mjs INPUT.json
//
// INPUT: {versions: [14, 15]}
// Output: {metadata: {"14": hex, "15": hex}}, each from "meta" on
import { readFileSync } from "node:fs";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const metadata = {};
for (const version of input.versions) {
  const { default: hex } = await import(`@polkadot/types-support/metadata/v${version}/substrate-hex`);
  // Version 15 is kept as the answer of the runtime: Some(opaque bytes).
  metadata[version] = "0x" + hex.slice(hex.indexOf("6d657461"));
}
process.stdout.write(JSON.stringify({ metadata }) + "\n");

// Connects with polkadot-api, as an application does, and signs transfers.
//
//   node papi-sign.mjs INPUT.json
//
// INPUT: {url, uri: secret of the sender, to: address, amount: decimal, metadataHash: hex or null, v15: whether the runtime has metadata of version 15};
// with metadataHash the signer adds the one it calculates
// Output: {nonce, address, free, extrinsics: [{name, call, extrinsic}], fee}; no fee without version 15
import { readFileSync } from "node:fs";
import { Keyring } from "@polkadot/keyring";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { createClient } from "polkadot-api";
import { getPolkadotSigner, withMetadataHash } from "polkadot-api/signer";
import { getWsProvider } from "polkadot-api/ws";
import { WebSocket } from "ws";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
await cryptoWaitReady();
const pair = new Keyring({ type: "sr25519", ss58Format: 42 }).addFromUri(input.uri);
const signer = getPolkadotSigner(pair.publicKey, "Sr25519", (data) => pair.sign(data));
const client = createClient(getWsProvider(input.url, { websocketClass: WebSocket }));
const api = client.getUnsafeApi();

const account = await api.query.System.Account.getValue(pair.address);
const extrinsics = [];
const tx = api.tx.Balances.transfer_keep_alive({ dest: { type: "Id", value: input.to }, value: BigInt(input.amount) });
const call = await tx.getEncodedData();
const hexOf = (data) => (typeof data === "string" ? data : (data.asHex?.() ?? "0x" + Buffer.from(data).toString("hex")));
const sign = async (name, options, by = signer) => {
  extrinsics.push({ name, call: hexOf(call), extrinsic: hexOf(await tx.sign(by, { nonce: account.nonce + extrinsics.length, ...options })) });
};
await sign("immortal", { mortality: { mortal: false } });
await sign("mortal", { mortality: { mortal: true, period: 64 } });
await sign("tip", { mortality: { mortal: true, period: 64 }, tip: 12345n });
if (input.metadataHash) await sign("metadata hash", { mortality: { mortal: true, period: 64 } }, withMetadataHash({ decimals: 9, tokenSymbol: "TAO" }, signer));
// Without version 15 the client takes the fee for a u128.
const fee = input.v15 ? await tx.getEstimatedFees(pair.address) : "";
client.destroy();
process.stdout.write(
  JSON.stringify({ nonce: account.nonce, address: pair.address, free: account.data.free.toString(), extrinsics, fee: fee.toString() }) + "\n",
  () => process.exit(0),
);

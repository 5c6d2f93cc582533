// Connects with polkadot.js, as an application does, and signs transfers.
//
//   node polkadotjs-sign.mjs INPUT.json
//
// INPUT: {url, uri: secret of the sender, to: address, amount: decimal, metadataHash: hex or null}
// Output: {nonce, address, free, extrinsics: [{name, call, extrinsic}], calls: names of runtime APIs, fee}
import { readFileSync } from "node:fs";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const api = await ApiPromise.create({ provider: new WsProvider(input.url), throwOnConnect: true, noInitWarn: true });
const keys = new Keyring({ type: "sr25519", ss58Format: 42 });
const pair = keys.addFromUri(input.uri);

const { nonce, data } = await api.query.system.account(pair.address);
const extrinsics = [];
const sign = async (name, options) => {
  const tx = api.tx.balances.transferKeepAlive(input.to, input.amount);
  await tx.signAsync(pair, { nonce: nonce.toNumber() + extrinsics.length, ...options });
  // What an application shows of it, and what a node would be sent.
  if (!tx.verifySignature?.call && !tx.isSigned) throw new Error("not signed");
  extrinsics.push({ name, call: tx.method.toHex(), extrinsic: tx.toHex() });
};
await sign("immortal", { era: 0 });
await sign("mortal", { era: 64 });
await sign("tip", { era: 64, tip: 12345 });
if (input.metadataHash) await sign("metadata hash", { era: 64, withSignedTransaction: true, mode: 1, metadataHash: input.metadataHash });

const fee = await api.tx.balances.transferKeepAlive(input.to, input.amount).paymentInfo(pair.address);
const calls = Object.entries(api.call).flatMap(([section, methods]) => Object.keys(methods).map((name) => `${section}.${name}`));
process.stdout.write(
  JSON.stringify({ nonce: nonce.toNumber(), address: pair.address, free: data.free.toString(), extrinsics, calls, fee: fee.partialFee.toString() }) + "\n",
  () => process.exit(0),
);

// Replaces the runtime of a running chain with polkadot.js, which stays connected, and restarts the node behind it.
//
//   node polkadotjs-upgrade.mjs INPUT.json
//
// INPUT: {url, how: "setCode" or "authorizeUpgrade", code: hex of the next runtime, same, other: hex of code with the same version and with another name, migrated: address of the account
// in whose name the migration writes}
// Output: {steps: [{name, error, facts, notes, milliseconds}]}; asks for "restart".
//
// //Alice is the sudo key. The next runtime has the pallet guestBook, with the call sign, which the first lacks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { blake2AsHex } from "@polkadot/util-crypto";
import { ask, errorName, finish, follow, refusal, send, step, until } from "./steps.mjs";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const provider = new WsProvider(input.url, 100);
const api = await ApiPromise.create({ provider, throwOnConnect: true, noInitWarn: true });
const keys = new Keyring({ type: "sr25519", ss58Format: 42 });
const alice = keys.addFromUri("//Alice");
const bob = keys.addFromUri("//Bob");
const { system, sudo } = api.tx;
const codeHash = async () => (await api.rpc.state.getStorageHash("0x3a636f6465")).toHex();
const versions = [];
await api.rpc.state.subscribeRuntimeVersion((version) => versions.push(version.specVersion.toNumber()));
const heads = [];
await api.rpc.chain.subscribeNewHeads((header) => heads.push(header.number.toNumber()));
const before = { code: await codeHash(), version: api.runtimeVersion.specVersion.toNumber() };
const hash = (code) => blake2AsHex(code);
const sudid = (done) => {
  const result = done.find("sudo", "Sudid").sudoResult;
  return result.isOk ? "ok" : errorName(api, result.asErr);
};

await step("refused", async (note) => {
  const out = {};
  for (const [name, code] of Object.entries({ noRuntime: "0x0061736d01000000", garbage: "0x010203", same: input.same, other: input.other })) {
    const done = await send(api, sudo.sudo(system.setCode(code)), alice);
    assert.equal(done.error, null);
    out[name] = sudid(done);
    note(`${name}: ${out[name]} in block ${heads.at(-1)}`);
  }
  assert.equal(await codeHash(), before.code);
  // Not root.
  out.signed = (await send(api, system.setCode("0x00"), bob)).error;
  // Nothing is authorized; then something else is; then it is, and is not good.
  out.nothing = (await send(api, system.applyAuthorizedUpgrade(input.code), bob)).error;
  assert.equal(sudid(await send(api, sudo.sudo(system.authorizeUpgrade(hash(input.other))), alice)), "ok");
  out.unauthorized = (await send(api, system.applyAuthorizedUpgrade(input.code), bob)).error;
  out.unsigned = await refusal(api.rpc.author.submitExtrinsic(system.applyAuthorizedUpgrade(input.same))); // not the one that is to be taken later: what was refused is banned
  const rejected = (await send(api, system.applyAuthorizedUpgrade(input.other), bob)).find("system", "RejectedInvalidAuthorizedUpgrade");
  out.rejected = errorName(api, rejected.error);
  assert.equal(await codeHash(), before.code);
  return out;
});

let changed;
let stale; // signed for the old version, and to be sent under the new one
await step("upgraded", async (note) => {
  assert.equal(api.tx.guestBook, undefined);
  stale = await api.tx.balances.transferKeepAlive(alice.address, 1).signAsync(bob, { nonce: (await api.query.system.account(bob.address)).nonce.toNumber() + 2 });
  if (input.how === "setCode") {
    const done = await send(api, sudo.sudo(system.setCode(input.code)), alice);
    assert.equal(sudid(done), "ok");
    changed = done.blocks[0];
    assert.ok(done.events.includes("system.CodeUpdated"));
  } else {
    const done = await send(api, sudo.sudo(system.authorizeUpgrade(hash(input.code))), alice);
    assert.equal(done.find("system", "UpgradeAuthorized").codeHash.toHex(), hash(input.code));
    // Whoever has the code may bring it, and needs no account.
    const applied = await follow(api, system.applyAuthorizedUpgrade(input.code));
    changed = applied.blocks[0];
    assert.ok(applied.events.includes("system.CodeUpdated"));
  }
  const header = await api.rpc.chain.getHeader(changed);
  const at = (hash) => api.rpc.state.getRuntimeVersion(hash).then(({ specVersion }) => specVersion.toNumber() - before.version);
  const out = { logged: header.digest.logs.some((log) => log.isRuntimeEnvironmentUpdated), before: await at(header.parentHash), after: await at(changed) };
  // The client was told, and asks for the new metadata by itself.
  await until("told", () => versions.at(-1) === before.version + 1);
  await until("decorated", () => api.tx.guestBook);
  out.told = versions.map((version) => version - before.version);
  out.client = api.runtimeVersion.specVersion.toNumber() - before.version;
  out.code = (await codeHash()) === hash(input.code);
  note(`in block ${header.number}`);
  return out;
});

const ran = async () => (await api.query.guestBook.entries(input.migrated)).unwrapOr(null)?.text.toHex() ?? null;
await step("migrated", async () => {
  const { number } = await api.rpc.chain.getHeader(changed);
  await until("block", () => heads.at(-1) >= number.toNumber() + 1);
  const first = await api.rpc.chain.getBlockHash(number.toNumber() + 1);
  const at = await api.at(first);
  const out = { first: (await at.query.guestBook.entries(input.migrated)).unwrap().text.toHex(), upgrade: (await at.query.system.lastRuntimeUpgrade()).unwrap().specVersion.toNumber() - before.version };
  await until("more blocks", () => heads.at(-1) >= number.toNumber() + 6);
  out.later = await ran();
  return out;
});

await step("new call", async () => {
  const done = await send(api, api.tx.guestBook.sign("was here"), bob, {}, "Finalized");
  const entry = (await api.query.guestBook.entries(bob.address)).unwrap();
  const empty = await send(api, api.tx.guestBook.sign(""), bob);
  // The old runtime is still the one of old blocks.
  const { parentHash } = await api.rpc.chain.getHeader(changed);
  const old = await api.at(parentHash);
  // Who signs for the old version is refused.
  return {
    statuses: done.statuses, events: done.events.filter((name) => name.startsWith("guestBook.")), text: entry.text.toUtf8(), error: empty.error,
    old: [old.query.guestBook !== undefined, (await old.query.system.number()).toNumber() > 0], stale: await refusal(api.rpc.author.submitExtrinsic(stale)),
  };
});

await step("restarted", async (note) => {
  const seen = { disconnected: false, connected: false };
  api.on("disconnected", () => (seen.disconnected = true));
  api.on("connected", () => (seen.connected = true));
  const last = heads.at(-1);
  const final = (await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead())).hash;
  await ask("restart");
  await until("connected", () => seen.connected && api.isConnected);
  // Subscriptions go on without the application's doing.
  await until("heads", () => heads.at(-1) > last + 3);
  const number = (await api.rpc.chain.getHeader(final)).number.toNumber();
  assert.equal((await api.rpc.chain.getBlockHash(number)).toHex(), final.toHex());
  const done = await send(api, api.tx.guestBook.sign("is back"), bob, {}, "Finalized");
  note(`heads ${last}, then ${heads.filter((n) => n > last).slice(0, 5)}`);
  return { ...seen, statuses: done.statuses, ran: await ran(), version: api.runtimeVersion.specVersion.toNumber() - before.version };
});
finish();

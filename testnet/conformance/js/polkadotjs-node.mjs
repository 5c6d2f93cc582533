// Drives a running chain with polkadot.js, as applications do.
//
//   node polkadotjs-node.mjs INPUT.json
//
// INPUT: {url, steps: names of those to run, or null for all}
// Output: {steps: [{name, error, facts, notes, milliseconds}]}
//
// The accounts are //Alice, who is the sudo key, //Bob and //Charlie; each has funds at genesis.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { blake2AsHex, createKeyMulti, encodeAddress, sortAddresses } from "@polkadot/util-crypto";
import { hexToU8a, u8aToHex } from "@polkadot/util";
import { errorName, finish, follow, refusal, send, step, until } from "./steps.mjs";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));
const provider = new WsProvider(input.url);
const api = await ApiPromise.create({ provider, throwOnConnect: true, noInitWarn: true });
const keys = new Keyring({ type: "sr25519", ss58Format: 42 });
const [alice, bob, charlie] = ["//Alice", "//Bob", "//Charlie"].map((uri) => keys.addFromUri(uri));
const TAO = 1_000_000_000n;
const TOO_MUCH = 2_000_000n * TAO; // less than there is, more than anybody has
const free = async (who, at = api) => (await at.query.system.account(who.address ?? who)).data.free.toBigInt();
const nonceOf = async (who) => (await api.query.system.account(who.address)).nonce.toNumber();
const pay = (to, amount) => api.tx.balances.transferKeepAlive(to.address ?? to, amount);
const numberOf = async (hash) => (await api.rpc.chain.getHeader(hash)).number.toNumber();
// Accounts that nobody has used before.
let fresh = 0;
const stranger = () => keys.createFromUri(`//Stranger//${Date.now()}//${fresh++}`);

const all = [];
const add = (name, f) => all.push([name, f]);

add("connect", async (note) => {
  const [chain, type, name, version, properties, genesis] = await Promise.all([
    api.rpc.system.chain(), api.rpc.system.chainType(), api.rpc.system.name(), api.rpc.system.version(), api.rpc.system.properties(), api.rpc.chain.getBlockHash(0),
  ]);
  assert.equal(genesis.toHex(), api.genesisHash.toHex());
  assert.ok(name.toString() && version.toString());
  note(`${name} ${version}`);
  const { specName, specVersion, transactionVersion } = api.runtimeVersion;
  return {
    chain: chain.toString(), type: type.toString(), ss58: properties.ss58Format.unwrapOr(0).toString(), genesis: genesis.toHex(),
    runtime: `${specName} ${specVersion} ${transactionVersion}`,
  };
});

add("metadata", async (note) => {
  const raw = await provider.send("state_getMetadata", []);
  note(`metadata of version ${api.runtimeMetadata.version}, ${raw.length / 2 - 1} bytes of version 14`);
  return { hash: blake2AsHex(hexToU8a(raw)), pallets: api.runtimeMetadata.asLatest.pallets.map(({ name }) => name.toString()) };
});

add("system", async (note) => {
  const [health, state, peer, listen, roles, peers, methods] = await Promise.all([
    api.rpc.system.health(), api.rpc.system.syncState(), api.rpc.system.localPeerId(), api.rpc.system.localListenAddresses(), api.rpc.system.nodeRoles(), api.rpc.system.peers(),
    api.rpc.rpc.methods(),
  ]);
  note(`peer ${peer}, listening on ${listen}, ${methods.methods.length} methods`);
  assert.ok(state.currentBlock.toNumber() >= state.startingBlock.toNumber());
  return { peers: health.peers.toNumber(), isSyncing: health.isSyncing.isTrue, roles: roles.map(String), known: peers.length };
});

add("transfer", async (note) => {
  const to = stranger();
  const before = await free(bob);
  const done = await send(api, pay(to, 5n * TAO), bob, {}, "Finalized");
  const fee = done.find("transactionPayment", "TransactionFeePaid").actualFee.toBigInt();
  assert.equal(await free(to), 5n * TAO);
  assert.equal(before - (await free(bob)), 5n * TAO + fee);
  assert.equal(done.find("balances", "Transfer").amount.toBigInt(), 5n * TAO);
  // It stands where the client says, and that block is final.
  const { block } = await api.rpc.chain.getBlock(done.blocks[1]);
  assert.equal(block.extrinsics[done.index].hash.toHex(), done.hash);
  assert.ok((await numberOf(await api.rpc.chain.getFinalizedHead())) >= block.header.number.toNumber());
  assert.equal((await api.rpc.chain.getBlockHash(block.header.number.toNumber())).toHex(), done.blocks[1]);
  assert.ok(done.info.weight.refTime.toBigInt() > 0n);
  note(`fee ${fee} rao, events ${done.events}`);
  // The way of applications.
  const result = await new Promise((resolve, reject) => {
    pay(to, TAO).signAndSend(bob, { nonce: -1 }, (result) => {
      if (result.isFinalized) resolve(result);
      if (result.isError) reject(new Error(result.status.type));
    }).catch(reject);
  });
  assert.equal(result.dispatchError, undefined);
  assert.ok(result.findRecord("system", "ExtrinsicSuccess") && result.txIndex > 0);
  assert.equal(await free(to), 6n * TAO);
  return { statuses: done.statuses, sameBlock: done.blocks[0] === done.blocks[1], last: done.events.at(-1) };
});

add("fees", async (note) => {
  const tx = await pay(charlie, 7n * TAO).signAsync(bob, { nonce: -1 });
  // polkadot.js knows weights of one number in the answer of payment_queryInfo, and says itself that its call of the runtime takes that method's place.
  const info = await provider.send("payment_queryInfo", [tx.toHex()]);
  const told = BigInt(info.partialFee);
  const called = (await api.call.transactionPaymentApi.queryInfo(tx.toU8a(), tx.encodedLength)).partialFee.toBigInt();
  const { inclusionFee } = await api.rpc.payment.queryFeeDetails(tx.toHex());
  const { baseFee, lenFee, adjustedWeightFee } = inclusionFee.unwrap();
  const details = (await api.call.transactionPaymentApi.queryFeeDetails(tx.toU8a(), tx.encodedLength)).inclusionFee.unwrap();
  const parts = [baseFee, lenFee, adjustedWeightFee].map((part) => part.toBigInt());
  assert.deepEqual([details.baseFee, details.lenFee, details.adjustedWeightFee].map((part) => part.toBigInt()), parts);
  assert.equal(parts[0] + parts[1] + parts[2], told);
  assert.equal(called, told);
  const estimated = (await pay(charlie, 7n * TAO).paymentInfo(bob)).partialFee.toBigInt();
  const done = await follow(api, tx);
  const { actualFee, tip } = done.find("transactionPayment", "TransactionFeePaid");
  assert.equal(actualFee.toBigInt(), told);
  assert.equal(tip.toBigInt(), 0n);
  note(`fee ${told} rao of ${parts}; estimated ${estimated}`);
  return { paid: actualFee.toBigInt() === told, estimated: estimated === told, class: info.class, weight: Object.keys(info.weight) };
});

add("nonce", async () => {
  const who = bob;
  const nonce = await nonceOf(who);
  const next = async () => (await api.rpc.system.accountNextIndex(who.address)).toNumber();
  assert.equal(await next(), nonce);
  // Ready ones count, as long as they follow each other.
  const submit = async (at) => api.rpc.author.submitExtrinsic(await pay(charlie, 1n).signAsync(who, { nonce: at }));
  await submit(nonce);
  const one = (await next()) - nonce;
  await submit(nonce + 1);
  const two = (await next()) - nonce;
  // One that waits for another does not.
  const waiting = await pay(charlie, 1n).signAsync(who, { nonce: nonce + 3 });
  const waited = follow(api, waiting, "Finalized");
  await until("pending", async () => (await api.rpc.author.pendingExtrinsics()).every((tx) => tx.hash.toHex() !== waiting.hash.toHex()) === false || null, 2_000).catch(() => null);
  const gap = (await next()) - nonce;
  const filled = await follow(api, await pay(charlie, 1n).signAsync(who, { nonce: nonce + 2 }), "Finalized");
  const { statuses } = await waited;
  assert.equal(await next(), nonce + 4);
  return { one, two, gap, filled: filled.statuses, waited: statuses };
});

add("replacement", async () => {
  // Two for one place: the second is of a class that goes first, as tips count for nothing in that on this chain. A block may come between, and then they are tried again.
  for (let round = 0; ; round++) {
    const nonce = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
    const first = await pay(bob, 1n).signAsync(alice, { nonce });
    const second = await api.tx.sudo.sudo(api.tx.system.setStorage([])).signAsync(alice, { nonce });
    const third = await pay(bob, 3n).signAsync(alice, { nonce });
    const usurped = follow(api, first, ["Usurped", "InBlock"]).then(({ statuses }) => (statuses.at(-1) === "InBlock" ? new Error("a block came between") : statuses), (error) => error);
    const taken = follow(api, second, "Finalized").catch((error) => error);
    const low = refusal(api.rpc.author.submitExtrinsic(third)).catch((error) => error);
    const again = refusal(api.rpc.author.submitExtrinsic(second)).catch((error) => error);
    const [a, b, c, d] = await Promise.all([usurped, taken, low, again]);
    if ([a, b, c, d].some((x) => x instanceof Error) && round < 5) continue;
    for (const x of [a, b, c, d]) if (x instanceof Error) throw x;
    return { usurped: a, taken: b.statuses, low: { ...c, message: c.message.replace(/\d+ vs \d+/, "N vs N") }, again: { ...d, data: null } };
  }
});

add("pool errors", async () => {
  const submit = (tx) => refusal(api.rpc.author.submitExtrinsic(tx));
  const nonce = await nonceOf(bob);
  const out = {};
  out.stale = await submit(await pay(charlie, 1n).signAsync(bob, { nonce: nonce - 1 }));
  out.poor = await submit(await pay(charlie, 1n).signAsync(stranger(), { nonce: 0 }));
  const forged = (await pay(charlie, 1n).signAsync(bob, { nonce })).toU8a();
  forged[50] ^= 1; // in the signature: length 2, version 1, address 33, kind 1, then 64 bytes
  out.forged = await refusal(provider.send("author_submitExtrinsic", [u8aToHex(forged)]));
  const other = await pay(charlie, 1n).signAsync(bob, { nonce, genesisHash: blake2AsHex("another chain") });
  out.genesis = await submit(other);
  out.sudo = await submit(await api.tx.sudo.sudo(api.tx.system.remark("0x")).signAsync(bob, { nonce }));
  return out;
});

add("bans", async () => {
  // The node's operator throws an extrinsic out of the pool: it does not come back soon.
  const tx = await pay(charlie, 1n).signAsync(bob, { nonce: (await nonceOf(bob)) + 1000 });
  await api.rpc.author.submitExtrinsic(tx);
  const removed = await api.rpc.author.removeExtrinsic([{ Hash: tx.hash.toHex() }]);
  assert.deepEqual(removed.map((hash) => hash.toHex()), [tx.hash.toHex()]);
  return refusal(api.rpc.author.submitExtrinsic(tx));
});

add("storage subscriptions", async () => {
  const to = stranger();
  const seen = [];
  const stop = await api.query.system.account(to.address, ({ data }) => seen.push(data.free.toString()));
  const several = [];
  const stopSeveral = await api.queryMulti([[api.query.system.account, to.address], [api.query.system.account, bob.address]], ([{ data }, other]) => {
    assert.ok(other.data.free.toBigInt() > 0n);
    several.push(data.free.toString());
  });
  const times = [];
  const stopTimes = await api.query.timestamp.now((now) => times.push(now.toBigInt()));
  await until("first values", () => seen.length && several.length);
  await send(api, pay(to, 3n * TAO), bob);
  await until("value changed", () => seen.length === 2 && several.at(-1) === (3n * TAO).toString());
  await send(api, pay(to, 4n * TAO), bob);
  await until("value changed again", () => seen.length === 3 && several.at(-1) === (7n * TAO).toString());
  await until("times", () => times.length >= 4);
  stop();
  stopSeveral();
  stopTimes();
  for (let i = 1; i < times.length; i++) assert.ok(times[i] > times[i - 1], `time ${times[i]} after ${times[i - 1]}`);
  return { seen };
});

add("head subscriptions", async (note) => {
  const kinds = { new: "subscribeNewHeads", finalized: "subscribeFinalizedHeads", all: "subscribeAllHeads" };
  const seen = { new: [], finalized: [], all: [] };
  const stops = await Promise.all(Object.entries(kinds).map(([kind, method]) => api.rpc.chain[method]((header) => seen[kind].push(header))));
  await until("heads", () => Object.values(seen).every((headers) => headers.length >= 5));
  stops.forEach((stop) => stop());
  for (const [kind, headers] of Object.entries(seen)) {
    for (let i = 1; i < headers.length; i++) assert.equal(headers[i].parentHash.toHex(), headers[i - 1].hash.toHex(), `${kind}: head ${i}`);
    note(`${kind}: ${headers.map(({ number }) => number.toNumber())}`);
  }
  // What was announced as final is what the chain has at that height.
  for (const header of seen.finalized) assert.equal((await api.rpc.chain.getBlockHash(header.number.toNumber())).toHex(), header.hash.toHex());
  const header = seen.new.at(-1);
  return { engines: header.digest.logs.map((log) => `${log.type} ${log.value[0]?.toUtf8?.() ?? ""}`.trim()) };
});

add("blocks", async () => {
  const hash = await api.rpc.chain.getBlockHash();
  const { block } = await api.rpc.chain.getBlock(hash);
  assert.equal(block.header.hash.toHex(), hash.toHex());
  const unknown = await provider.send("chain_getBlock", [blake2AsHex("no block")]);
  const beyond = await provider.send("chain_getBlockHash", [1_000_000_000]);
  const many = await provider.send("chain_getBlockHash", [[0, 1, 2]]);
  assert.equal(many[0], api.genesisHash.toHex());
  const derived = await api.derive.chain.getBlock(hash);
  assert.equal(derived.block.header.hash.toHex(), hash.toHex());
  const final = await api.derive.chain.bestNumberFinalized();
  assert.ok(final.toNumber() <= (await api.derive.chain.bestNumber()).toNumber());
  return { calls: block.extrinsics.slice(0, 1).map(({ method }) => `${method.section}.${method.method}`), unknown, beyond, many: many.length };
});

add("maps", async () => {
  const then = await api.at(await api.rpc.chain.getBlockHash());
  const [entries, listed, paged] = await Promise.all([
    then.query.system.account.entries(), then.query.system.account.keys(), api.query.system.account.entriesPaged({ args: [], pageSize: 3 }),
  ]);
  assert.equal(entries.length, listed.length);
  assert.equal(paged.length, 3);
  const accounts = entries.map(([key, { data }]) => [key.args[0].toString(), data.free.toBigInt()]);
  assert.ok(accounts.some(([who, amount]) => who === alice.address && amount > 0n));
  const multi = await api.query.system.account.multi([alice.address, bob.address, stranger().address]);
  assert.equal(multi.length, 3);
  const key = api.query.system.account.key(alice.address);
  const [size, hash, value] = await Promise.all([api.rpc.state.getStorageSize(key, api.genesisHash), api.rpc.state.getStorageHash(key, api.genesisHash), api.rpc.state.getStorage(key, api.genesisHash)]);
  assert.equal(size.toNumber(), value.unwrap().toU8a(true).length);
  assert.equal(hash.toHex(), blake2AsHex(value.unwrap().toU8a(true)));
  const changes = await api.rpc.state.queryStorageAt([key], api.genesisHash);
  return { absent: multi[2].data.free.toString(), changes: changes.length };
});

add("batch", async () => {
  const [to, more] = [stranger(), stranger()];
  const bad = api.tx.balances.transferAllowDeath(to.address, TOO_MUCH);
  const item = async (name, calls) => {
    const done = await send(api, api.tx.utility[name](calls), bob);
    const interrupted = done.find("utility", "BatchInterrupted");
    const failed = done.find("utility", "ItemFailed");
    return {
      error: done.error, events: done.events.filter((name) => name.startsWith("utility.")),
      inner: errorName(api, (interrupted ?? failed)?.error), index: interrupted ? interrupted.index.toNumber() : null,
    };
  };
  const out = {
    batch: await item("batch", [pay(to, TAO), pay(more, 2n * TAO)]),
    interrupted: await item("batch", [pay(to, TAO), bad, pay(to, TAO)]),
    all: await item("batchAll", [pay(to, TAO), bad]),
    force: await item("forceBatch", [pay(to, TAO), bad, pay(to, TAO)]),
  };
  assert.equal(await free(to), 4n * TAO);
  assert.equal(await free(more), 2n * TAO);
  return out;
});

add("multisig", async () => {
  const parties = [alice, bob, charlie].map(({ address }) => address);
  const shared = encodeAddress(createKeyMulti(parties, 2), 42);
  const others = (who) => sortAddresses(parties.filter((address) => address !== who.address), 42);
  const to = stranger();
  await send(api, pay(shared, 10n * TAO), alice);
  const call = pay(to, 6n * TAO).method;
  const weight = (await pay(to, 1n).paymentInfo(alice)).weight;
  const opened = await send(api, api.tx.multisig.asMulti(2, others(alice), null, call, weight), alice);
  const { when, approvals, depositor } = (await api.query.multisig.multisigs(shared, call.hash)).unwrap();
  assert.equal(depositor.toString(), alice.address);
  assert.equal(when.index.toNumber(), opened.index);
  const closed = await send(api, api.tx.multisig.asMulti(2, others(bob), when, call, weight), bob);
  assert.ok(closed.find("multisig", "MultisigExecuted").result.isOk);
  assert.equal(await free(to), 6n * TAO);
  assert.ok((await api.query.multisig.multisigs(shared, call.hash)).isNone);
  // Approved by its hash alone, and called off.
  await send(api, api.tx.multisig.approveAsMulti(2, others(charlie), null, call.hash, weight), charlie);
  const pending = (await api.query.multisig.multisigs(shared, call.hash)).unwrap();
  const cancelled = await send(api, api.tx.multisig.cancelAsMulti(2, others(charlie), pending.when, call.hash), charlie);
  const named = (done) => done.events.filter((name) => name.startsWith("multisig."));
  return { approvals: approvals.length, opened: named(opened), closed: named(closed), cancelled: named(cancelled) };
});

add("proxy", async () => {
  const to = stranger();
  const first = (done) => {
    const result = done.find("proxy", "ProxyExecuted").result;
    return result.isOk ? "ok" : errorName(api, result.asErr);
  };
  const added = await send(api, api.tx.proxy.addProxy(charlie.address, "Any", 0), bob);
  const [[definition]] = await api.query.proxy.proxies(bob.address);
  assert.equal(definition.delegate.toString(), charlie.address);
  const before = await free(bob);
  const acted = await send(api, api.tx.proxy.proxy(bob.address, null, pay(to, 2n * TAO)), charlie);
  assert.equal(await free(to), 2n * TAO);
  await send(api, api.tx.proxy.removeProxy(charlie.address, "Any", 0), bob);
  // One that may not transfer.
  await send(api, api.tx.proxy.addProxy(charlie.address, "NonTransfer", 0), bob);
  const barred = await send(api, api.tx.proxy.proxy(bob.address, null, pay(to, TAO)), charlie);
  await send(api, api.tx.proxy.removeProxies(), bob);
  const none = await send(api, api.tx.proxy.proxy(bob.address, null, pay(to, TAO)), charlie);
  return { added: added.events.filter((name) => name.startsWith("proxy.")), acted: first(acted), spent: before > (await free(bob)), barred: first(barred), none: none.error };
});

add("schedule", async () => {
  const key = "0x3a636f6e666f726d616e6365" + Date.now().toString(16).padStart(12, "0");
  const value = "0xc0ffee";
  const name = blake2AsHex(key);
  const dispatched = [];
  const stop = await api.query.system.events((records) => {
    for (const { event } of records) if (event.section === "scheduler") dispatched.push([event.method, event.data.task?.map?.((n) => n.toNumber()), event.data.result?.isOk ?? null]);
  });
  const scheduled = await send(api, api.tx.sudo.sudo(api.tx.scheduler.scheduleAfter(3, null, 0, api.tx.system.setStorage([[key, value]]))), alice);
  const { when } = scheduled.find("scheduler", "Scheduled");
  assert.equal((await api.query.scheduler.agenda(when)).length, 1);
  await until("dispatched", () => dispatched.some(([method, task, ok]) => method === "Dispatched" && task[0] === when.toNumber() && ok === true));
  assert.equal((await api.rpc.state.getStorage(key)).unwrap().toHex(true), value);
  const named = await send(api, api.tx.sudo.sudo(api.tx.scheduler.scheduleNamedAfter(name, 1000, null, 0, api.tx.system.remark("0x"))), alice);
  assert.ok((await api.query.scheduler.lookup(name)).isSome);
  const cancelled = await send(api, api.tx.sudo.sudo(api.tx.scheduler.cancelNamed(name)), alice);
  assert.ok((await api.query.scheduler.lookup(name)).isNone);
  await send(api, api.tx.sudo.sudo(api.tx.system.killStorage([key])), alice);
  stop();
  const of = (done) => done.events.filter((name) => name.startsWith("scheduler."));
  return { scheduled: of(scheduled), named: of(named), cancelled: of(cancelled), after: when.toNumber() - (await numberOf(scheduled.blocks[0])) };
});

add("dispatch errors", async () => {
  const others = sortAddresses([alice.address, charlie.address], 42);
  const fail = async (tx) => {
    const done = await send(api, tx, bob);
    return [done.error, done.events.at(-1)].join(" ");
  };
  return {
    funds: await fail(api.tx.balances.transferAllowDeath(charlie.address, TOO_MUCH)),
    deposit: await fail(api.tx.balances.transferKeepAlive(stranger().address, 1n)),
    origin: await fail(api.tx.balances.forceTransfer(alice.address, bob.address, 1n)),
    proxy: await fail(api.tx.proxy.removeProxy(charlie.address, "Any", 0)),
    multisig: await fail(api.tx.multisig.cancelAsMulti(2, others, { height: 1, index: 1 }, blake2AsHex("no call"))),
    nested: await fail(api.tx.utility.batchAll([api.tx.utility.batch([])])),
    // Root's call fails inside of one that does not.
    sudo: errorName(api, (await send(api, api.tx.sudo.sudo(api.tx.balances.transferKeepAlive(bob.address, 1n)), alice)).find("sudo", "Sudid").sudoResult.asErr),
  };
});

add("eras", async () => {
  const immortal = await send(api, pay(charlie, 1n), bob, { era: 0 });
  const mortal = await send(api, pay(charlie, 1n), bob, { era: 8 });
  const era = async (done) => {
    const { block } = await api.rpc.chain.getBlock(done.blocks[0]);
    const { era } = block.extrinsics[done.index];
    return era.isMortalEra ? `mortal ${era.asMortalEra.period}` : "immortal";
  };
  // One that was to be sent four blocks long, sent later.
  const head = await api.rpc.chain.getHeader();
  const options = { blockHash: head.hash, era: api.createType("ExtrinsicEra", { current: head.number.toNumber(), period: 4 }), nonce: -1 };
  const late = await pay(charlie, 1n).signAsync(bob, options);
  await until("blocks", async () => (await api.rpc.chain.getHeader()).number.toNumber() > head.number.toNumber() + 8);
  return { immortal: await era(immortal), mortal: await era(mortal), late: await refusal(api.rpc.author.submitExtrinsic(late)) };
});

add("tips", async () => {
  const tx = await pay(charlie, 1n).signAsync(bob, { nonce: -1, tip: 1_234_567 });
  const fee = (await api.call.transactionPaymentApi.queryInfo(tx.toU8a(), tx.encodedLength)).partialFee.toBigInt();
  const before = await free(bob);
  const done = await follow(api, tx);
  const { actualFee, tip } = done.find("transactionPayment", "TransactionFeePaid");
  assert.equal(actualFee.toBigInt(), fee + 1_234_567n);
  assert.equal(before - (await free(bob)), fee + 1_234_567n + 1n);
  return { tip: tip.toString() };
});

add("dry run", async () => {
  const run = async (tx, pair, options = {}) => {
    const raw = await provider.send("system_dryRun", [(await tx.signAsync(pair, { nonce: -1, ...options })).toHex()]);
    const decoded = api.createType("Result<Result<Null, SpRuntimeDispatchError>, TransactionValidityError>", raw);
    if (decoded.isErr) return decoded.asErr.toHuman();
    return decoded.asOk.isOk ? "ok" : errorName(api, decoded.asOk.asErr);
  };
  const before = await free(bob);
  const out = {
    good: await run(pay(charlie, 1n), bob),
    fails: await run(api.tx.balances.transferAllowDeath(charlie.address, TOO_MUCH), bob),
    invalid: await run(pay(charlie, 1n), bob, { nonce: 0 }),
    typed: (await api.rpc.system.dryRun((await pay(charlie, 1n).signAsync(bob, { nonce: -1 })).toHex())).isOk,
  };
  assert.equal(await free(bob), before);
  return out;
});

add("historic state", async () => {
  const to = stranger();
  const done = await send(api, pay(to, 9n * TAO), bob);
  const { block } = await api.rpc.chain.getBlock(done.blocks[0]);
  const [then, after, genesis] = await Promise.all([block.header.parentHash, done.blocks[0], api.genesisHash].map((hash) => api.at(hash)));
  assert.equal(await free(to, then), 0n);
  assert.equal(await free(to, after), 9n * TAO);
  assert.equal((await then.query.system.number()).toNumber(), block.header.number.toNumber() - 1);
  assert.equal(then.consts.balances.existentialDeposit.toString(), api.consts.balances.existentialDeposit.toString());
  const entries = await genesis.query.system.account.entries();
  const called = await genesis.call.accountNonceApi.accountNonce(bob.address);
  const unknown = await refusal(provider.send("state_getStorage", [api.query.system.number.key(), "0x" + "11".repeat(32)]));
  // The changes of the number over these blocks.
  const changes = await api.rpc.state.queryStorage([api.query.system.number.key()], block.header.parentHash, done.blocks[0]);
  assert.equal(changes.length, 2);
  return { genesis: (await free(bob, genesis)).toString(), accounts: entries.length, nonce: called.toNumber(), unknown };
});

add("read proof", async () => {
  const hash = await api.rpc.chain.getBlockHash();
  const keys = [api.query.system.account.key(alice.address), api.query.timestamp.now.key(), api.query.system.account.key(stranger().address)];
  const { at, proof } = await api.rpc.state.getReadProof(keys, hash);
  assert.equal(at.toHex(), hash.toHex());
  const values = await Promise.all(keys.map(async (key) => provider.send("state_getStorage", [key, hash.toHex()])));
  return { root: (await api.rpc.chain.getHeader(hash)).stateRoot.toHex(), keys, values, proof: proof.map((node) => node.toHex()) };
});

add("offchain storage", async () => {
  await api.rpc.offchain.localStorageSet("PERSISTENT", "0x6b6579", "0x76616c7565");
  const value = await api.rpc.offchain.localStorageGet("PERSISTENT", "0x6b6579");
  const absent = await api.rpc.offchain.localStorageGet("PERSISTENT", "0x6e6f");
  return { value: value.unwrap().toHex(true), absent: absent.isNone };
});

add("finality", async (note) => {
  // Proofs begin where a set of authorities ends, and here the first goes on.
  const proof = await refusal(provider.send("grandpa_proveFinality", [1]));
  const round = await api.rpc.grandpa.roundState();
  const justifications = [];
  const stop = await api.rpc.grandpa.subscribeJustifications((justification) => justifications.push(justification.length));
  await until("justifications", () => justifications.length >= 2);
  stop();
  note(`round ${round.best.round}, justifications of ${justifications} bytes`);
  return { setId: round.setId.toNumber(), weight: round.best.totalWeight.toNumber(), proof };
});

add("malformed requests", async () => {
  const error = (method, params) => refusal(provider.send(method, params));
  return { unknown: await error("no_suchMethod", []), missing: await error("state_getStorage", []), wrong: { ...(await error("chain_getBlockHash", ["x"])), data: null } };
});

for (const [name, f] of all) if (!input.steps || input.steps.includes(name)) await step(name, f);
finish();

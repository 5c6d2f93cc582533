// What programs share that drive a running chain with polkadot.js: steps, what became of an extrinsic, and questions to the test that runs the program.
import { createInterface } from "node:readline";

const done = [];
const notes = (value) => JSON.stringify(value, (_, v) => (typeof v === "bigint" ? v.toString() : v));

// step runs f and keeps what it returns: facts that the test compares. What f hands to its argument is printed and not compared. A step that throws does not end the program.
export async function step(name, f) {
  const said = [];
  const entry = { name, error: null, facts: null, notes: said };
  const began = Date.now();
  let timer;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("no end after 90 s")), 90_000);
    });
    entry.facts = (await Promise.race([f((...what) => said.push(what.map((w) => (typeof w === "string" ? w : notes(w))).join(" "))), late])) ?? null;
  } catch (error) {
    entry.error = String(error?.stack ?? error);
  }
  clearTimeout(timer);
  entry.milliseconds = Date.now() - began;
  done.push(entry);
}

// finish prints the steps as one line and ends the program.
export function finish() {
  process.stdout.write(notes({ steps: done }) + "\n", () => process.exit(0));
}

let answers;

// ask has the test do something that the program cannot do, such as stopping the node, and waits until that is done.
export async function ask(what) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write("ASK " + what + "\n");
  const { value, done } = await answers.next();
  if (done || value !== "done") throw new Error(`the test answered ${value} to ${what}`);
}

// until waits for a condition, which it tries often.
export async function until(what, condition, milliseconds = 30_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not after ${milliseconds} ms`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

// errorName names a DispatchError as applications show it.
export function errorName(api, error) {
  if (!error) return null;
  if (error.isModule) {
    const { section, name } = api.registry.findMetaError(error.asModule);
    return `${section}.${name}`;
  }
  const inner = error.value?.type ? `.${error.value.type}` : "";
  return error.type + inner;
}

// follow watches a signed extrinsic until it has the status, or one of several, and tells all about it. It watches what the node says: the client's own result of a submission leaves a status off where the next
// one comes while it still reads the block.
export function follow(api, tx, last = "InBlock") {
  return new Promise((resolve, reject) => {
    const statuses = [];
    const blocks = [];
    const name = `${tx.method.section}.${tx.method.method} ${tx.hash.toHex()}`;
    let stop;
    const late = setTimeout(() => end(new Error(`${name}: no ${last} after 60 s, statuses ${statuses}`)), 60_000);
    const end = (error) => {
      clearTimeout(late);
      stop?.();
      if (error) reject(error);
      else told(api, tx.hash, blocks.at(-1)).then((done) => resolve({ statuses, blocks, ...done }), reject);
    };
    api.rpc.author.submitAndWatchExtrinsic(tx, (status) => {
      statuses.push(status.type);
      if (status.isInBlock || status.isFinalized) blocks.push(status.value.toHex());
      if ([last].flat().includes(status.type)) end();
      else if (status.isUsurped || status.isInvalid || status.isDropped || status.isFinalityTimeout) end(new Error(`${name}: statuses ${statuses}`));
    }).then((unsubscribe) => {
      stop = unsubscribe;
    }, end);
  });
}

// told is what a block says of an extrinsic; nothing of one that is in no block.
async function told(api, hash, at) {
  if (!at) return { hash: hash.toHex() };
  const { block, events } = await api.derive.tx.events(at);
  const index = block.block.extrinsics.findIndex((other) => other.hash.eq(hash));
  const mine = events.filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eqn(index)).map(({ event }) => event);
  const find = (section, method) => mine.find((event) => event.section === section && event.method === method)?.data;
  const failed = find("system", "ExtrinsicFailed");
  return {
    hash: hash.toHex(), index, find, events: mine.map(({ section, method }) => `${section}.${method}`), error: errorName(api, failed?.dispatchError),
    info: (failed ?? find("system", "ExtrinsicSuccess")).dispatchInfo,
  };
}

// send signs with the next nonce, pending extrinsics counted, and follows.
export async function send(api, tx, pair, options = {}, last = "InBlock") {
  await tx.signAsync(pair, { nonce: -1, ...options });
  return follow(api, tx, last);
}

// refusal returns with what error a promise fails, as the node gave it. polkadot.js puts code, message and data into one text, and keeps code and data beside it.
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    if (error.code === undefined) throw error;
    const { code, data } = error;
    let message = error.message.replace(`${code}: `, "");
    if (typeof data === "string") message = message.slice(0, message.lastIndexOf(": " + data.slice(0, 10)));
    return { code, message, data: data ?? null };
  }
  throw new Error("it was taken");
}

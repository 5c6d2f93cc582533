// Adds chains to smoldot and asks it what it made of them.
//
//   node smoldot.mjs INPUT.json
//
// INPUT: {package: name of the smoldot package, chains: [{spec: path, requests: [[method, params], …]}, …]}
// Output: {version, logs: […], chains: [{error: text or null, answers: [{result} or {error}, …]}, …]}
//
// Networking is forbidden, so what is answered comes from the chain spec and from smoldot's own executor, which addChain uses to run the runtime.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const input = JSON.parse(readFileSync(process.argv[2], "utf8"));

// "a>b" is the copy of b that package a brings.
function locate(name) {
  let require = createRequire(import.meta.url);
  const parts = name.split(">");
  for (const part of parts.slice(0, -1)) require = createRequire(require.resolve(part));
  return require.resolve(parts.at(-1));
}

const path = locate(input.package);
const module = await import(pathToFileURL(path).href);
const start = module.start ?? module.default.start;

// The version as the package states it, not as our lock file does.
function versionOf(path) {
  for (let dir = path; dir !== "/"; dir = dir.replace(/\/[^/]*$/, "") || "/") {
    try {
      const found = JSON.parse(readFileSync(dir + "/package.json", "utf8"));
      if (found.name && found.version) return found.version;
    } catch {}
  }
  throw new Error("no version beside " + path);
}

// Milliseconds that a request may take. smoldot 3 gives finality half a minute to come from peers before it tells what it began with.
const patience = 120000;

const logs = [];
const client = start({
  maxLogLevel: 4,
  logCallback: (level, target, message) => logs.push(`${level} ${target} ${message}`),
  forbidTcp: true,
  forbidWs: true,
  forbidNonLocalWs: true,
  forbidWss: true,
  forbidWebRtc: true,
});

async function one({ spec, requests }) {
  const out = { error: null, answers: [] };
  let chain;
  try {
    chain = await client.addChain({ chainSpec: readFileSync(spec, "utf8") });
  } catch (error) {
    out.error = String(error.message ?? error);
    return out;
  }
  // Responses and notifications come through one queue.
  const waiting = new Map();
  const done = (async () => {
    for (;;) {
      let message;
      try {
        message = JSON.parse(await chain.nextJsonRpcResponse());
      } catch {
        return; // the chain is gone
      }
      if (waiting.has(message.id)) waiting.get(message.id)(message);
    }
  })();
  let id = 0;
  for (const [method, params] of requests) {
    id += 1;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    chain.sendJsonRpc(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    const late = new Promise((resolve) => setTimeout(() => resolve({ error: { message: "no answer" } }), patience).unref());
    const { result, error } = await Promise.race([answered, late]);
    out.answers.push(error ? { error } : { result });
  }
  chain.remove();
  await done;
  return out;
}

// All at once: a client waits for peers of each of its chains.
const chains = await Promise.all(input.chains.map(one));
await client.terminate();
process.stdout.write(JSON.stringify({ version: versionOf(path), chains, logs }) + "\n", () => process.exit(0));

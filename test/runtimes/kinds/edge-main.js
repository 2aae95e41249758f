// `edge-main.js FOLDER TASK`: edge.js of the folder in an edge-runtime, its *.wasm as compiled modules.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeRuntime } from 'edge-runtime';

const [folder, taskFile] = process.argv.slice(2);
const modules = {};
for (const file of await readdir(folder)) {
  if (file.endsWith('.wasm')) modules[file] = await WebAssembly.compile(await readFile(join(folder, file)));
}
const runtime = new EdgeRuntime({
  codeGeneration: { strings: false, wasm: false },
  extend: (context) => Object.assign(context, modules),
  initialCode: await readFile(join(folder, 'edge.js'), 'utf8'),
});
const response = await runtime.dispatchFetch('http://edge.test/', { method: 'POST', body: await readFile(taskFile, 'utf8') });
console.log(await response.text());

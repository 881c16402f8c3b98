// Writes a brotli twin (`name.br`, best quality) beside each file of the given folder that shrinks by it,
// so that the server never compresses the bundle while a browser waits.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const folder = process.argv[2];
let before = 0;
let after = 0;
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !/\.(wasm|js|css|svg|json)$/.test(entry.name)) continue;
  const plain = readFileSync(path);
  const packed = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
  if (packed.length < plain.length) {
    writeFileSync(`${path}.br`, packed);
    before += plain.length;
    after += packed.length;
  } else {
    rmSync(`${path}.br`, { force: true });
  }
}
const kb = (bytes) => `${Math.round(bytes / 1024)} KB`;
console.error(`    bundle: ${kb(before)}, ${kb(after)} with brotli`);

/** Stands for node:crypto in the page, where nothing that needs it runs; see scripts/build-web.mjs. */
export function createHash(): never {
  throw new Error('hashes are made by the X-Ray API, not by the page');
}

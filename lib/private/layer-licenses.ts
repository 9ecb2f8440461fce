// Written by scripts/third-party-licenses.mjs.

/** SPDX expressions for the layers that this package makes: those with the X-Ray SDK by language, and those that only capture. */
export const LAYER_LICENSES = {
  nodejs: '0BSD AND Apache-2.0 AND BSD-2-Clause AND ISC AND MIT',
  python: 'Apache-2.0 AND BSD-2-Clause',
  java: 'Apache-2.0',
  capture: 'Apache-2.0',
} as const;

/** Major version of Node.js from which on Lambda starts no handler that declares a callback. */
export const FIRST_WITHOUT_CALLBACKS = 24;

'use strict';
// Where the X-Ray daemon listens, in all forms of the variable AWS_XRAY_DAEMON_ADDRESS.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-nodejs-configuration.html
const { isIPv6 } = require('node:net');

const DEFAULT = { host: '127.0.0.1', port: 2000 };

/**
 * `host:port`, `[address]:port`, or `tcp:host:port udp:host:port` in any order.
 *
 * @param {string | undefined} text
 * @returns {{ host: string, port: number, isMalformed?: boolean }} the default for what is empty, and for what is none of these
 */
exports.daemonAddress = function daemonAddress(text) {
  if (!text?.trim()) return DEFAULT;
  const udp = /\budp:(\S+)/i.exec(text)?.[1] ?? text.trim();
  const [, host, digits] = /^\[?([^\s\]]+)\]?:(\d+)$/.exec(udp) ?? [];
  const port = Number(digits);
  return host && (isIPv6(host) || !host.includes(':')) && port > 0 && port < 65_536 ? { host, port } : { ...DEFAULT, isMalformed: true };
};

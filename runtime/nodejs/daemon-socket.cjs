'use strict';
// The way to the X-Ray daemon: one UDP socket for the life of the environment. It never keeps the process alive and never throws.
const dgram = require('node:dgram');
const { isIP, isIPv6 } = require('node:net');

/** Documents that wait for a connection; more than an invocation makes while a name is being looked up are not kept. */
const MOST_WAITING = 100;

let reported = false;

/** One line in the function's log, once: whoever reads the log wants to know, and the function's work goes on. */
function reportOnce(text) {
  if (!reported) console.error(`cdk-traced-function: ${text}`);
  reported = true;
}

exports.reportMalformed = (host, port) =>
  reportOnce(`AWS_XRAY_DAEMON_ADDRESS is not 'host:port'; documents go to ${host}:${port}`);

/**
 * At once for an address, so that the socket is connected before anything else happens, such as the end of the process. Lambda's daemon has an address,
 * and the module for names takes a part of the start that can be measured.
 */
function lookup(host, options, callback) {
  if (isIP(host)) callback(null, host, isIP(host));
  else require('node:dns').lookup(host, options, callback);
}

/**
 * A connected socket sends at once, inside the call, so that nothing is left to do when the environment freezes after the response,
 * and it learns of a daemon that is not there, which an unconnected one never does.
 *
 * @param {string} host address or name
 * @param {number} port
 */
class DaemonSocket {
  constructor(host, port) {
    this.host = host;
    this.port = port;
    this.waiting = [];
  }

  /**
   * @param {Buffer} message a whole datagram, at most 65,507 bytes
   * @param {(error?: Error) => void} [done] called with what is wrong with the message itself, such as EMSGSIZE; never with a daemon that is missing
   */
  send(message, done) {
    if (!this.socket) this.connect();
    if (this.connected) this.deliver(message, done, true);
    else if (this.waiting.length < MOST_WAITING) this.waiting.push([message, done]);
  }

  connect() {
    if (this.socket) return;
    try {
      const socket = this.socket = dgram.createSocket({ type: isIPv6(this.host) ? 'udp6' : 'udp4', lookup }).unref();
      socket.on('error', error => {
        this.report(error);
        // Without a connection there never will be one on this socket: the next message tries anew.
        if (!this.connected) this.abandon();
      });
      socket.connect(this.port, this.host, error => {
        if (error) { // a name that does not resolve: told here, and not as an event
          this.report(error);
          this.abandon();
          return;
        }
        this.ready();
      });
      if (isConnected(socket)) this.ready();
    } catch (error) {
      this.report(error);
      this.abandon();
    }
  }

  ready() {
    this.connected = true;
    for (const [message, done] of this.waiting.splice(0)) this.deliver(message, done, true);
  }

  report(error) {
    reportOnce(`the X-Ray daemon at ${this.host}:${this.port} cannot be reached (${error.code ?? error.message}); the function runs on without traces`);
  }

  abandon() {
    this.socket?.close();
    this.socket = undefined;
    this.waiting = [];
  }

  deliver(message, done, retry) {
    this.socket.send(message, error => {
      if (!error) {
        done?.();
      } else if (error.code === 'EMSGSIZE') {
        done?.(error);
      } else if (retry && error.code === 'ECONNREFUSED') {
        // What is refused is an earlier message: the system tells it at the next one, and does not send that.
        this.deliver(message, done, false);
      } else {
        this.report(error);
      }
    });
  }
}

function isConnected(socket) {
  try {
    return socket.remoteAddress() !== undefined;
  } catch {
    return false;
  }
}

let current;

/** The socket to an address, the same one until the address changes. */
exports.daemonSocket = function daemonSocket(host, port) {
  if (!current || current.host !== host || current.port !== port) current = new DaemonSocket(host, port);
  return current;
};

'use strict';
// The way to the X-Ray daemon: one UDP socket for the life of the environment. It never keeps the process alive and never throws.
const dgram = require('node:dgram');

/** Documents that wait for a connection; more than an invocation makes while a name is being looked up are not kept. */
const MOST_WAITING = 100;

let reported = false;

/** One line in the function's log, once: whoever reads the log wants to know, and the function's work goes on. */
function reportOnce(host, port, error) {
  if (reported) return;
  reported = true;
  console.error(`cdk-traced-function: the X-Ray daemon at ${host}:${port} cannot be reached (${error.code ?? error.message}); the function runs on without traces`);
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
    if (this.connected) {
      this.deliver(message, done, true);
      return;
    }
    if (this.waiting.length < MOST_WAITING) this.waiting.push([message, done]);
    if (!this.socket) this.connect();
  }

  connect() {
    try {
      const socket = this.socket = dgram.createSocket('udp4').unref();
      socket.on('error', error => {
        reportOnce(this.host, this.port, error);
        // Without a connection there never will be one on this socket: the next message tries anew.
        if (!this.connected) this.abandon();
      });
      socket.connect(this.port, this.host, error => {
        if (error) { // a name that does not resolve: told here, and not as an event
          reportOnce(this.host, this.port, error);
          this.abandon();
          return;
        }
        this.connected = true;
        for (const [message, done] of this.waiting.splice(0)) this.deliver(message, done, true);
      });
    } catch (error) {
      reportOnce(this.host, this.port, error); // a port that is none
      this.abandon();
    }
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
        reportOnce(this.host, this.port, error);
      }
    });
  }
}

let current;

/** The socket to an address, the same one until the address changes. */
exports.daemonSocket = function daemonSocket(host, port) {
  if (!current || current.host !== host || current.port !== port) current = new DaemonSocket(host, port);
  return current;
};

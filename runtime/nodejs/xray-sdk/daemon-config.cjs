'use strict';
// Stands in for daemon_config.js of aws-xray-sdk-core, which keeps a function from starting when it cannot read the variable.
// What asks for sampling rules over TCP does not run on Lambda.
const { daemonAddress } = require('cdk-traced-function/runtime/daemon-address.cjs');
const { reportMalformed } = require('cdk-traced-function/runtime/daemon-socket.cjs');

const given = process.env.AWS_XRAY_DAEMON_ADDRESS;

function set({ host, port, isMalformed }) {
  if (isMalformed) reportMalformed(host, port);
  Object.assign(module.exports, { udp_ip: host, udp_port: port });
}

module.exports = {
  setDaemonAddress(address) {
    if (!given) set(daemonAddress(address)); // the variable has the last word
  },
};
set(daemonAddress(given));

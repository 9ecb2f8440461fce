'use strict';
// Stands in for segment_emitter.js of aws-xray-sdk-core: the same interface and the same datagrams, on one socket that is kept. The original
// makes a socket for each batch in Lambda, and writes every document a second time for a debug line that nobody has asked for.
const { daemonSocket } = require('cdk-traced-function/runtime/daemon-socket.cjs');
const daemonConfig = require('./daemon_config');
const logger = require('./logger');

const HEADER = '{"format":"json","version":1}\n';
const silentLogger = process.env.AWS_XRAY_DEBUG_MODE || /^debug$/i.test(process.env.AWS_XRAY_LOG_LEVEL ?? '') ? undefined : logger.getLogger();

module.exports = {
  daemonConfig,

  format: segment => HEADER + segment.toString(),

  send(segment) {
    const message = Buffer.from(HEADER + segment.format());
    daemonSocket(daemonConfig.udp_ip, Number(daemonConfig.udp_port)).send(message, error => {
      const type = segment.type === 'subsegment' ? 'Subsegment' : 'Segment';
      const short = () => `{"trace_id:"${segment.trace_id}","id":"${segment.id}"}`;
      if (error) {
        logger.getLogger().error(`${type} too large to send: ${short()} (${message.length} bytes).`);
      } else if (logger.getLogger() !== silentLogger) {
        logger.getLogger().debug(`${type} sent: ${short()}`);
        logger.getLogger().debug(`UDP message sent: ${segment}`);
      }
    });
  },

  setDaemonAddress: address => daemonConfig.setDaemonAddress(address),
  getIp: () => daemonConfig.udp_ip,
  getPort: () => daemonConfig.udp_port,
  disableReusableSocket() { /* the reasons to do so do not hold for a socket that is not waited for */ },
};

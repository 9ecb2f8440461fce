'use strict';
// Begins the record of a call of a database. It is in a package only when a captured client is.

/**
 * @param recorder of the instrumentation
 * @param running what is under way, as the recorder has it
 * @param {{ system: string, driver: string, host?: string, port?: number, database?: string, operation?: string }} call without values: `operation` is a command's name
 * @returns {{ end(): void, fail(error: unknown): void } | undefined} what is told of the outcome; undefined when nothing is recorded
 */
exports.beginCall = (recorder, running, { system, driver, host, port, database, operation }) => {
  const { AWSXRay, describeException, redact } = recorder;
  const asDatabase = error => {
    const { name, message, stack } = describeException(error);
    return { name, message: redact.sqlMessage(message), stack };
  };
  if (AWSXRay) {
    const subsegment = recorder.begin(running, database ? `${database}@${host}` : String(host));
    subsegment.addSqlData({
      database_type: system, driver_version: driver, url: redact.url(`${system}://${host}${port ? `:${port}` : ''}${database ? `/${database}` : ''}`),
      ...operation && { sanitized_query: operation },
    });
    return { end: () => subsegment.close(), fail: error => subsegment.close(asDatabase(error), true) };
  }
  if (!running.isSampled) return undefined;
  const span = recorder.begin(running, operation ?? database ?? system);
  span.attributes = { 'db.system': system, 'db.name': database, 'db.operation': operation, 'net.peer.name': host, 'net.peer.port': port };
  return { end: () => span.end(), fail: error => span.fail(asDatabase(error)) };
};

// Lets Powertools' batch processors handle each record in the trace that it belongs to. It is in a package only together with them.
import { guard } from '../capture/guard.mjs';
import { withRecord } from './open-telemetry-records.mjs';

/** @param Processor a class whose `processRecord` or `processRecordSync` gives `['fail', message, record]` instead of throwing */
export function captureBatchProcessor({ prototype }) {
  const errors = new WeakMap();
  const { failureHandler } = prototype;
  prototype.failureHandler = function (record, error) {
    guard(() => errors.set(record, error));
    return failureHandler.call(this, record, error);
  };
  for (const name of ['processRecord', 'processRecordSync']) {
    const process = prototype[name];
    prototype[name] = function (record) {
      return withRecord(record, () => process.call(this, record), result => result?.[0] === 'fail' ? { error: errors.get(record) ?? new Error(result[1]) } : undefined);
    };
  }
}

// Honours the construct's option `recording` in what the X-Ray SDK records by itself. It is in a package only when that option is set.
import { redact, setRecording } from '../capture/redaction.mjs';

/** Not redacted: what joins documents, and what X-Ray has a meaning for. */
const KEPT = /^(?:id|trace_id|parent_id|type|namespace|cause)$/;

export function leaveOut(AWSXRay, recording) {
  setRecording(recording);
  const { prototype } = AWSXRay.Subsegment;
  const { addAttribute, serialize } = prototype;
  if (!redact.s3Keys) {
    prototype.addAttribute = function (name, data) {
      if (name === 'aws' && data) for (const key of ['key', 'copy_source', 'prefix']) delete data[key];
      return addAttribute.call(this, name, data);
    };
  }
  if (redact.hasPatterns) {
    prototype.serialize = function (object) {
      return JSON.stringify(JSON.parse(serialize.call(this, object)), (key, value) => typeof value === 'string' && !KEPT.test(key) ? redact.text(value) : value);
    };
  }
}

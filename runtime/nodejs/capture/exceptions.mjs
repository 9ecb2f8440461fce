// Exceptions as they are recorded: whatever was thrown, without secrets that its message may quote.
import { redact } from './redaction.mjs';

const described = new WeakMap();

/** Errors of MongoDB's driver, of ioredis and node-redis, and of better-sqlite3: their messages quote values. */
const DATABASE_ERROR = /^(?:Mongo\w+|ReplyError|ErrorReply|SqliteError)$/;

/**
 * @param error whatever was thrown; the same object gives the same description
 * @returns {{ name: string, message: string, stack?: string }}
 */
export function describeException(error) {
  const isObject = typeof error === 'object' && error !== null || typeof error === 'function';
  if (!isObject) return { name: error === undefined || error === null ? 'Error' : typeof error, message: redact.message(String(error)) };
  let description = described.get(error);
  if (!description) {
    const message = text(() => error.message) ?? text(() => String(error)) ?? '';
    const name = text(() => error.name) ?? 'Error';
    // Of pg (`severity`), and of mysql and mysql2.
    const isOfDatabase = text(() => error.severity ?? error.sqlMessage) !== undefined || DATABASE_ERROR.test(name) || text(() => error.code) === 'ERR_SQLITE_ERROR';
    description = {
      name,
      message: isOfDatabase ? redact.sqlMessage(message) : redact.message(message),
      stack: frames(text(() => error.stack), message),
    };
    described.set(error, description);
  }
  return description;
}

/** The first lines of a stack are the message, which may look like frames. */
function frames(whole, message) {
  const stack = message && whole?.includes(message) ? whole.slice(whole.indexOf(message) + message.length) : whole;
  const start = stack?.search(/^[ \t]+at /m) ?? -1;
  return start < 0 ? undefined : `\n${stack.slice(start)}`;
}

function text(read) {
  try {
    const value = read();
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined; // a proxy or a getter that throws
  }
}

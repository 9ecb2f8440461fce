// Takes out of what is recorded what may be a secret, and what the function's `recording` options leave out.

/** Variables whose values tell nothing, or stand in every document. */
const PUBLIC_VARIABLES = /^(?:AWS_(?!ACC|SEC|SES)|_|LAMBDA_|NODE_|(?:PATH|PWD|HOME|LANG|TZ)$)/;

/** Shorter values are found in any text. */
const SHORTEST_SECRET = 8;

/** @param recording what the construct's option `recording` says */
export function setRecording({ redact: patterns, ...chosen }) {
  Object.assign(redact, chosen);
  if (patterns.length === 0) return;
  const all = new RegExp(patterns.map(pattern => `(?:${pattern})`).join('|'), 'g');
  redact.hasPatterns = true;
  redact.text = value => value.replace(all, '***');
}

export const redact = {
  s3Keys: true,
  urlPaths: true,
  exceptionMessages: true,
  hasPatterns: false,

  /** Replaces what the user's patterns match. */
  text: value => value,

  /** A URL without user, password, query and fragment; by option also without its path. */
  url(value) {
    const [, origin, path] = /^([a-z][\w+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(value);
    const safe = (origin ?? '').replace(/\/\/.*@/, '//');
    return redact.text(redact.urlPaths ? safe + path : safe);
  },

  /** The message of an exception, which quotes whatever the library found worth it. */
  message(value) {
    if (!redact.exceptionMessages) return '';
    let result = withoutUrls(value).replace(/\b(Bearer|Basic|Token)\s+[\w.~+/=-]{8,}/gi, '$1 ***')
      .replace(/((?:authorization|cookie|api[-_]?key|password|passwd|pwd|secret|token|signature|credential)["']?\s*[:=]\s*["']?)(?!\*\*\*|Bearer|Basic|Token)[^\s"',;&)}]+/gi, '$1***');
    if (looksLikeSql(result)) result = withoutLiterals(result);
    const { env } = process;
    for (const name in env) {
      const secret = env[name];
      if (secret.length >= SHORTEST_SECRET && !PUBLIC_VARIABLES.test(name) && result.includes(secret)) result = result.split(secret).join('***');
    }
    return redact.text(result);
  },

  /** The message of a database, which quotes values. */
  sqlMessage(value) {
    return redact.message(withoutLiterals(value));
  },
};

function withoutUrls(value) {
  return value
    .replace(/\b[a-z][\w+.-]*:\/\/[^\s"'<>`)\]}]+/gi, url => redact.url(url))
    .replace(/(\/[^\s"'?]*)\?[^\s"']*=[^\s"']*/g, '$1');
}

function looksLikeSql(value) {
  return /\b(?:select\b[^]*\bfrom|(?:insert|merge)\s+into|update\b[^]*\bset|delete\s+from|where\b[^]*[=<>]|values\s*\()/i.test(value);
}

/** Names in double quotes or backticks stay. */
function withoutLiterals(value) {
  return value.replace(/'(?:[^'\\]|\\.|'')*'/g, "'***'").replace(/: "[^"]*"/g, ': "***"').replace(/(?<![\w.$"])\d+(?:\.\d+)?(?![\w"])/g, '0');
}

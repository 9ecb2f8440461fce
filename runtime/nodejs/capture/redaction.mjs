// Takes out of what is recorded what may be a secret, and what the function's `recording` options leave out.

/** Variables whose values tell nothing, or stand in every document. */
const PUBLIC_VARIABLES = /^(?:AWS_(?!ACC|SEC|SES)|_|LAMBDA_|NODE_|(?:PATH|PWD|HOME|LANG|TZ)$)/;

/** To look for secrets in all that a message may quote would take longer than the request. */
const LONGEST_MESSAGE = 2_000;

/** Shorter values are found in any text. */
const SHORTEST_SECRET = 8;

/** What stands behind the name of a secret, such as `password=...`, `"x-api-key": "..."` and `Authorization: Bearer ...`. */
const NAMED = /((?:authorization|cookie|(?:api|access|private)[-_]?key|passw(?:or)?d|pwd|passphrase|secret|token|signature|credential)[\w-]{0,32}["']?\s*[:=]\s*)(?:(?:Bearer|Basic|Digest)\s+)?(?:'[^']*'|"[^"]*"|[^\s"',;&)}]+)/gi;

const SECRETS = [
  [/\b(Bearer|Basic|Token)\s+[\w.~+/=-]{8,}/gi, '$1 ***'],
  [/\bA[KS]IA[A-Z0-9]{16}\b|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '***'], // keys of AWS, and JSON web tokens
  [/(PRIVATE KEY-----)[^]*?(?:-----END|$)/g, '$1***'],
  // What could not be read is quoted: a body, a header, a parameter.
  [/^([^"]*").*("(?:\.\.\.)? is (?:not valid JSON|an invalid header value))/s, '$1***$2'],
  [/\b(Value )(?:'.*'|".*"|\([^)]{0,500}\))/s, '$1***'],
];

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

  /** A URL that names a resource, such as a queue: with its path. */
  resource: value => value.replace(/(\/\/)[^/]*@|[?#].*/g, '$1'),

  /** The message of an exception, which quotes whatever the library found worth it. */
  message(value) {
    if (!redact.exceptionMessages) return '';
    let result = withoutUrls(value.slice(0, 4 * LONGEST_MESSAGE)).replace(NAMED, '$1***');
    for (const [found, instead] of SECRETS) result = result.replace(found, instead);
    if (looksLikeSql(result)) result = withoutLiterals(result);
    const { env } = process;
    for (const name in env) {
      const secret = env[name];
      if (secret.length >= SHORTEST_SECRET && !PUBLIC_VARIABLES.test(name) && result.includes(secret)) result = result.split(secret).join('***');
    }
    return redact.text(result).slice(0, LONGEST_MESSAGE); // what is cut in two is beyond this
  },

  /** The message of a database, which quotes values. */
  sqlMessage(value) {
    return redact.message(withoutLiterals(value.slice(0, 4 * LONGEST_MESSAGE).replace(/(['"`]).*\1/gs, '$1***$1')));
  },
};

function withoutUrls(value) {
  return value
    .replace(/\b[a-z][\w+.-]*:\/\/[^\s"'<>`)\]}]+/gi, url => redact.url(url))
    .replace(/(\/[^\s"'?]{0,400})\?[^\s"']*=[^\s"']*/g, '$1')
    .replace(/[^\s:/@'"<>()]{1,64}:[^\s/'"<>()]{1,256}@(?=[\w.[-])/g, '***@');
}

function looksLikeSql(value) {
  return /\b(?:select\b[^]{0,500}\bfrom|(?:insert|merge)\s+into|update\b[^]{0,200}\bset|delete\s+from|where\b[^]{0,200}[=<>]|values\s*\()/i.test(value);
}

/** Names in double quotes or backticks stay: where a statement is quoted, and not where a database quotes what it has not understood. */
function withoutLiterals(value) {
  return value.replace(/'(?:[^'\\]|\\.|'')*'/g, "'***'").replace(/: "[^"]*"/g, ': "***"').replace(/(?<![\w.$"])\d+(?:\.\d+)?(?![\w"])/g, '0');
}

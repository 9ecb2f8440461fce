/** Texts that no message may show, beside what its form gives away. */
const known = new Set<string>();

/** Shorter ones would be found everywhere. */
const SHORTEST_SECRET = 6;
const HIDDEN = '***';

/**
 * Takes the credentials out of what is shown to people, in the forms in which addresses, headers and programs' outputs have them.
 * Errors end up in logs.
 */
export function withoutCredentials(text: string): string {
  let hidden = text;
  for (const secret of [...known].sort((a, b) => b.length - a.length)) {
    hidden = hidden.replaceAll(secret, HIDDEN);
  }
  return hidden
    // A password may itself hold '@', or '/' when it was not encoded; digits after a colon are a port.
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@'"]+@(?:[^\s/@'"]+@)*|(?![^\s/@:]+:\d+(?:[/\s]|$))[^\s/@:'"]+:[^\s@'"]*@)/gi, `$1${HIDDEN}@`)
    .replace(/([?&;][\w.-]*(?:token|key|secret|passw|auth|sig|credential)[\w.-]*=)[^\s&#;'"]+/gi, `$1${HIDDEN}`)
    .replace(/(\bauthorization['"]?\s*[:=]\s*['"]?(?:basic|bearer|token)\s+)[^\s'"]+/gi, `$1${HIDDEN}`);
}

/** Keeps values out of all later messages, such as those of environment variables. */
export function hideValues(values: readonly string[]): void {
  values.filter(value => value.length >= SHORTEST_SECRET).forEach(value => known.add(value));
}

/** Keeps the credentials that addresses in a text hold out of all later messages, in whatever form a program shows them again. */
export function hideCredentialsOf(text: string): void {
  for (const [, user, password] of text.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/([^\s/@:'"]*)(?::([^\s/'"]*))?@/gi)) {
    const secret = password ?? user;
    if (isPlaceholder(secret)) {
      continue;
    }
    hideValues([secret, decoded(secret), encodeURIComponent(decoded(secret)), Buffer.from(`${decoded(user)}:${decoded(password ?? '')}`).toString('base64')]);
  }
  // Some registries have a token in the path of the index.
  for (const [, rest] of text.matchAll(/\bhttps?:\/\/[^\s/'"]+(\/[^\s'"?#]*)/gi)) {
    hideValues(rest.split('/').filter(part => part.length >= 16 && /^[\w.~-]*$/.test(part) && /\d/.test(part) && /[a-z]/i.test(part) && !/\.(?:whl|gz|zip|txt|git)$/.test(part)));
  }
}

/** Whether an address in the text holds a password or a token itself, and not the name of a variable with it. */
export function namesCredentials(text: string): boolean {
  return [...text.matchAll(/\b(?:\w+\+)?https?:\/\/([^\s/@:'"]*)(?::([^\s/'"@]*))?@/gi)]
    .some(([, user, password]) => password !== undefined ? password !== '' && !isPlaceholder(password) : user.length >= 20 && !isPlaceholder(user));
}

function isPlaceholder(text: string): boolean {
  return /^\$\{?\w+\}?$|^%\w+%$|^\*+$|^<[^>]*>$/.test(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not encoded
  }
}

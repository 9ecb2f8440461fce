/** Code, with comments and the contents of texts taken out. */
function bare(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, match => /^\//.test(match) ? ' ' : '""');
}

/**
 * How a handler answers that Lambda's Node.js 24 cannot run, where its own file shows it.
 *
 * @param source of the file that exports the handler
 * @param name under which it is exported
 * @returns in words; undefined when it returns a promise, or when it cannot be seen
 */
export function callbackStyle(source: string, name: string): string | undefined {
  const handler = find(source, name);
  if (!handler) {
    return undefined;
  }
  const { parameters, rest } = handler;
  if (parameters.length >= 3) {
    return `a callback, its parameter '${nameOf(parameters[2])}'`;
  }
  const context = parameters[1] && nameOf(parameters[1]);
  const member = context && /^[\w$]+$/.test(context) && new RegExp(`\\b${escaped(context)}\\s*\\.\\s*(succeed|fail|done)\\s*\\(`).exec(rest)?.[1];
  return member ? `'${context}.${member}()'` : undefined;
}

/** Whether a handler is seen to be an `async` function without a callback: whatever it does, it answers by its promise. */
export function isPlainlyAsync(source: string, name: string): boolean {
  const handler = find(source, name);
  return handler !== undefined && handler.isAsync && handler.parameters.length < 3;
}

/** As a declaration, a variable, or a member of what is exported; a type may stand between the name and the function. */
function find(source: string, name: string): { isAsync: boolean; parameters: string[]; rest: string } | undefined {
  const code = bare(source);
  const its = escaped(name);
  const declared = `(async\\s+)?function\\s+${its}\\s*`;
  const assigned = `(?:\\b(?:const|let|var)\\s+|\\bexports\\s*\\.\\s*)${its}\\s*(?::[^=]+)?=\\s*(async\\b\\s*)?(?:function\\s*[\\w$]*\\s*)?`;
  // Exactly one, or which of them it is cannot be told.
  const found = [...code.matchAll(new RegExp(`\\b(?:${declared}|${assigned})(?:<[^>]*>\\s*)?(?:\\(|([\\w$]+)\\s*=>)`, 'g'))];
  if (found.length !== 1) {
    return undefined;
  }
  const [[match, asyncDeclared, asyncAssigned, only]] = found;
  const end = found[0].index + match.length;
  return { isAsync: Boolean(asyncDeclared ?? asyncAssigned), ...only ? { parameters: [only], rest: code.slice(end) } : parametersAt(code, end) };
}

function nameOf(parameter: string): string {
  return parameter.replace(/[?:=].*$/s, '').trim();
}

function parametersAt(code: string, start: number): { parameters: string[]; rest: string } {
  const parameters = [''];
  let depth = 0;
  let end = start;
  for (; end < code.length; end++) {
    const character = code[end];
    if (character === ')' && depth === 0) {
      break;
    }
    depth += '([{<'.includes(character) ? 1 : ')]}'.includes(character) || character === '>' && code[end - 1] !== '=' ? -1 : 0;
    if (character === ',' && depth === 0) {
      parameters.push('');
    } else {
      parameters[parameters.length - 1] += character;
    }
  }
  // The number of parameters that Lambda sees ends at the first with a default, and leaves out the rest.
  const counted = parameters.map(parameter => parameter.trim()).filter(Boolean);
  const last = counted.findIndex(parameter => /^\.\.\./.test(parameter) || /=(?!>)/.test(parameter));
  return { parameters: last < 0 ? counted : counted.slice(0, last), rest: code.slice(end) };
}

function escaped(name: string): string {
  return name.replace(/\$/g, '\\$');
}

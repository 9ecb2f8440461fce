import { generate, GrammarError, Parser } from 'peggy';
import { FilterExpression, FilterSyntaxError } from './filter-expression';
import { FILTER_GRAMMAR } from './grammar';

let parser: Parser | undefined;

interface PeggySyntaxError extends Error {
  location: { start: { offset: number } };
  expected: { type: string; description?: string; text?: string }[] | null;
  found: string | null;
}

/** Keywords that only have a meaning in some places, by place. */
const SCOPES = {
  trace: { name: 'in a filter of traces', without: ['first', 'last', 'remote', 'root', 'index', 'coverage'] },
  service: { name: 'in the braces of service() or edge()', without: ['first', 'last', 'remote', 'index', 'coverage', 'message'] },
  rootcause: {
    name: 'in the braces of rootcause',
    without: ['ok', 'error', 'throttle', 'fault', 'partial', 'root', 'responsetime', 'duration', 'http.status', 'http.url', 'http.method',
      'http.useragent', 'http.clientip', 'user', 'availabilityzone', 'instance.id', 'resource.arn'],
  },
};

/** Brackets within one another: no person writes so many, and each level takes some of the parser's stack. */
const MAX_NESTING = 100;

/** Makes the parser ahead of its first use, which would have to wait for it (tens of milliseconds). */
export function prepareFilterParser(): void {
  parser ??= generate(FILTER_GRAMMAR);
}

/** Reads a filter expression; throws a FilterSyntaxError that names the position and what was expected. */
export function parseFilter(text: string): FilterExpression {
  prepareFilterParser();
  checkNesting(text);
  let expression: FilterExpression;
  try {
    expression = parser!.parse(text) as FilterExpression;
  } catch (error) {
    if (error instanceof GrammarError || (error as Error).name !== 'SyntaxError') throw error;
    throw syntaxError(text, error as PeggySyntaxError);
  }
  checkScope(expression, 'trace', text);
  return expression;
}

function checkNesting(text: string): void {
  let depth = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === '\\') index += 1;
    else if (!isQuoted && '({['.includes(character)) depth += 1;
    else if (!isQuoted && ')}]'.includes(character)) depth -= 1;
    if (depth > MAX_NESTING) {
      throw new FilterSyntaxError(`the filter expression is wrong at position ${index + 1}: brackets are nested deeper than ${MAX_NESTING} levels`, index);
    }
  }
}

function syntaxError(text: string, { location, expected }: PeggySyntaxError): FilterSyntaxError {
  const { offset } = location.start;
  const words = wordsOf(expected ?? []);
  return new FilterSyntaxError(
    `the filter expression is wrong at position ${offset + 1}: expected ${listOf(words)}, but found ${foundAt(text, offset)}`, offset, words,
  );
}

/** What could stand there, shortest form first: where any term could, one phrase says so instead of all their names. */
function wordsOf(expected: NonNullable<PeggySyntaxError['expected']>): string[] {
  const words = [...new Set(expected.map(wordOf))].filter((word) => word !== 'blank').sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  if (!words.includes('service()')) return words;
  return [...words.filter((word) => !TERM_WORDS.test(word)), 'a keyword (ok, fault, responsetime, duration, http.url, user, ...)', ...TERM_FORMS];
}

/** Everything that can begin a term, as the grammar names it. */
const TERM_WORDS = /^'[!(]'$|keyword|^service\(\)$|^edge\(\)$|^annotation\.key$|^group\.|^rootcause\./;
const TERM_FORMS = ['service()', 'edge()', 'annotation.key', 'group.name', 'rootcause.*'];

function wordOf(expectation: { type: string; description?: string; text?: string }): string {
  if (expectation.type === 'end') return 'the end';
  return expectation.description ?? `'${expectation.text ?? '?'}'`;
}

function foundAt(text: string, offset: number): string {
  if (offset >= text.length) return 'the end';
  const rest = /^(?:[\w.:]+|.)/s.exec(text.slice(offset))![0];
  return `'${rest.slice(0, 40)}'`;
}

function listOf(words: string[]): string {
  return words.length < 2 ? words[0] ?? 'something else' : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}

function checkScope(expression: FilterExpression, scope: keyof typeof SCOPES, text: string): void {
  const fail = (what: string, at: number): never => {
    throw new FilterSyntaxError(`the filter expression is wrong at position ${at + 1}: ${what} has no meaning ${SCOPES[scope].name}`, at);
  };
  switch (expression.kind) {
    case 'and':
    case 'or':
      expression.terms.forEach((term) => checkScope(term, scope, text));
      break;
    case 'not':
      checkScope(expression.term, scope, text);
      break;
    case 'boolean':
    case 'number':
    case 'string':
      if (SCOPES[scope].without.includes(expression.keyword)) fail(expression.keyword, expression.at);
      break;
    case 'service':
    case 'edge':
      if (scope !== 'trace') fail(`${expression.kind}()`, expression.at);
      if (expression.filter !== undefined) checkScope(expression.filter, 'service', text);
      break;
    case 'rootcause':
      if (scope !== 'trace') fail('rootcause', expression.at);
      if (expression.filter !== undefined) checkScope(expression.filter, 'rootcause', text);
      break;
    default:
      if (scope !== 'trace') fail(expression.kind, expression.at);
  }
}

import { Duration } from 'aws-cdk-lib';
import { namedError } from './private/validation-error';

/** Names of services and types on the map; what is absent matches any. */
export interface TraceServiceSelector {
  /**
   * Name of the service.
   *
   * @default - any
   */
  readonly name?: string;
  /**
   * Type of the service, such as `AWS::Lambda::Function`.
   *
   * @default - any
   */
  readonly type?: string;
}

const KEY = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/;
/** X-Ray takes no longer ones for a group. */
const LONGEST = 2048;

/**
 * A filter expression of X-Ray, put together so that it is one: each part is quoted and bracketed as the language wants it.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
 */
export class TraceFilter {
  /** Traces in which something failed with an error of the server. */
  public static fault(): TraceFilter {
    return new TraceFilter('fault');
  }

  /** Traces in which something failed with an error of the client. */
  public static error(): TraceFilter {
    return new TraceFilter('error');
  }

  /** Traces in which something was throttled. */
  public static throttle(): TraceFilter {
    return new TraceFilter('throttle');
  }

  /** Traces in which nothing failed. */
  public static ok(): TraceFilter {
    return new TraceFilter('ok');
  }

  /** Traces whose answer took longer. */
  public static responseTimeAbove(time: Duration): TraceFilter {
    return new TraceFilter(`responsetime > ${time.toMilliseconds() / 1000}`);
  }

  /** Traces that took longer as a whole, with all that was done after the answer. */
  public static durationAbove(time: Duration): TraceFilter {
    return new TraceFilter(`duration > ${time.toMilliseconds() / 1000}`);
  }

  /** Traces that pass through a service. */
  public static service(selector: TraceServiceSelector): TraceFilter {
    return new TraceFilter(`service(${selectorText(selector)})`);
  }

  /** Traces in which one service calls another. */
  public static edge(source: TraceServiceSelector, destination: TraceServiceSelector): TraceFilter {
    return new TraceFilter(`edge(${selectorText(source)}, ${selectorText(destination)})`);
  }

  /**
   * Traces with an annotation of this value.
   *
   * @param key letters, digits, underscores and dots
   * @param value a text
   */
  public static annotation(key: string, value: string): TraceFilter {
    return new TraceFilter(`annotation[${checkedKey(key)}] = ${quoted(value)}`);
  }

  /**
   * Traces with an annotation, whatever its value.
   *
   * @param key letters, digits, underscores and dots
   */
  public static hasAnnotation(key: string): TraceFilter {
    return new TraceFilter(`annotation[${checkedKey(key)}]`);
  }

  /** Traces whose request had an address that begins so. */
  public static urlBeginsWith(url: string): TraceFilter {
    return new TraceFilter(`http.url BEGINSWITH ${quoted(url)}`);
  }

  /** Traces for which all of the filters hold. */
  public static all(...filters: TraceFilter[]): TraceFilter {
    return joined(' AND ', filters);
  }

  /** Traces for which one of the filters holds. */
  public static any(...filters: TraceFilter[]): TraceFilter {
    return joined(' OR ', filters);
  }

  /** Traces for which a filter does not hold. */
  public static not(filter: TraceFilter): TraceFilter {
    return new TraceFilter(`!(${filter.expression})`);
  }

  /**
   * An expression as it is. Quotes and brackets are checked, and that it is not too long; the rest X-Ray says at the deployment.
   *
   * @throws for an expression that cannot be one
   */
  public static of(expression: string): TraceFilter {
    const open: string[] = [];
    let isQuoted = false;
    for (let at = 0; at < expression.length; at += 1) {
      const character = expression[at];
      if (isQuoted) {
        if (character === '\\') at += 1;
        else if (character === '"') isQuoted = false;
      } else if (character === '"') {
        isQuoted = true;
      } else if ('([{'.includes(character)) {
        open.push(character);
      } else if (')]}'.includes(character) && open.pop() !== '([{'[')]}'.indexOf(character)]) {
        throw namedError(`the filter expression is wrong at position ${at + 1}: '${character}' closes nothing that is open, in ${expression} (TF141)`);
      }
    }
    if (isQuoted || open.length > 0 || expression.trim() === '') {
      throw namedError(`the filter expression ${expression.trim() === '' ? 'is empty' : `does not close ${isQuoted ? 'a quote' : `'${open.pop()}'`}: ${expression}`} (TF141)`);
    }
    return new TraceFilter(expression);
  }

  /** The filter as X-Ray reads it. */
  public readonly expression: string;

  private constructor(expression: string) {
    this.expression = expression;
    if (expression.length > LONGEST) {
      throw namedError(`the filter expression has ${expression.length} characters; X-Ray takes ${LONGEST} for a group (TF142)`);
    }
  }
}

function selectorText({ name, type }: TraceServiceSelector): string {
  const parts = [...name === undefined ? [] : [`name: ${quoted(name)}`], ...type === undefined ? [] : [`type: ${quoted(type)}`]];
  return parts.length === 0 ? '' : `id(${parts.join(', ')})`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function checkedKey(key: string): string {
  if (!KEY.test(key)) {
    throw namedError(`the key of an annotation has to be letters, digits and underscores, with dots between, got '${key}' (TF141)`);
  }
  return key;
}

function joined(word: string, filters: TraceFilter[]): TraceFilter {
  if (filters.length === 0) {
    throw namedError('TraceFilter.all() and any() need at least one filter, got none (TF141)');
  }
  return filters.length === 1 ? filters[0] : TraceFilter.of(filters.map(({ expression }) => `(${expression})`).join(word));
}

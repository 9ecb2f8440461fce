import { IConstruct } from 'constructs';
import { validationError } from '../validation-error';

/** Paths of constructs, with `*` and `**`. One that matches nothing is an error: what it was meant for would be changed. */
export class PathPatterns {
  private readonly unused: Set<string>;
  private readonly expressions: { readonly pattern: string; readonly expression: RegExp }[];

  constructor(scope: IConstruct, patterns: readonly string[]) {
    this.unused = new Set(patterns);
    this.expressions = patterns.map(pattern => ({ pattern, expression: expressionOf(pattern) }));
    if (patterns.length > 0) {
      scope.node.addValidation({
        validate: () => {
          if (this.unused.size === 0) {
            return [];
          }
          throw validationError(scope, 'TF201', `'exclude' names ${[...this.unused].map(pattern => `'${pattern}'`).join(', ')}, where there is no function and no event source; ` +
            'write the path of a construct, such as Stack/Handler, or remove it');
        },
      });
    }
  }

  /** The pattern that matches the path, or one of the constructs around it. */
  public match(path: string): string | undefined {
    const found = this.expressions.filter(({ expression }) => expression.test(path));
    found.forEach(({ pattern }) => this.unused.delete(pattern));
    return found[0]?.pattern;
  }
}

function expressionOf(pattern: string): RegExp {
  const text = pattern.split(/(\*\*|\*)/).map(part => part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('');
  return new RegExp(`^${text}(?:/|$)`);
}

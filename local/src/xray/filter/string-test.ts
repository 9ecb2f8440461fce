import type { NumberOperator, StringOperator } from './filter-expression';

/** A test of a text; without an operator, whether it is there at all. */
export function stringTest(operator: StringOperator | undefined, value: string | undefined): (text: string | undefined) => boolean {
  const wanted = value ?? '';
  switch (operator) {
    case undefined: return (text) => text !== undefined;
    case '=': return (text) => text === wanted;
    case '!=': return (text) => text !== undefined && text !== wanted;
    case 'CONTAINS': return (text) => text !== undefined && text.includes(wanted);
    case 'BEGINSWITH': return (text) => text !== undefined && text.startsWith(wanted);
    case 'ENDSWITH': return (text) => text !== undefined && text.endsWith(wanted);
    default: throw new Error(`unknown operator ${operator as string}`);
  }
}

/** A test of a number; without an operator, whether it is there at all. NaN stands for a number that is not there. */
export function numberTest(operator: NumberOperator | undefined, value: number | undefined): (number: number) => boolean {
  const wanted = value ?? 0;
  switch (operator) {
    case undefined: return (number) => !Number.isNaN(number);
    case '=': return (number) => number === wanted;
    case '!=': return (number) => !Number.isNaN(number) && number !== wanted;
    case '<': return (number) => number < wanted;
    case '<=': return (number) => number <= wanted;
    case '>': return (number) => number > wanted;
    case '>=': return (number) => number >= wanted;
    default: throw new Error(`unknown operator ${operator as string}`);
  }
}

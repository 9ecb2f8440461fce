import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { both, FilterError, serviceExpression } from '../filter-expressions';
import { shortenName } from '../formatting';
import type { ServiceRef } from '../routes';
import { FILTER_EXAMPLES } from './filter-examples';
import { Glyph } from '../shell/glyph';

/** Services offered as one-click filters. */
const OFFERED = 6;

/** A fault of the response, and one anywhere behind it, are different questions. */
const CONDITIONS = [
  { words: 'Fault', expression: 'fault' },
  { words: 'Error', expression: 'error' },
  { words: 'Throttle', expression: 'throttle' },
  { words: 'Fault anywhere', expression: 'service() { fault }' },
  { words: 'Slower than 1 s', expression: 'responsetime > 1' },
  { words: 'Incomplete', expression: 'partial' },
];

interface FilterBoxProps {
  /** The filter in use. */
  readonly filter: string | undefined;
  readonly onFilter: (filter: string | undefined) => void;
  /** Why the filter in use was refused. */
  readonly error: FilterError | undefined;
  /** Offered as filters. */
  readonly services: readonly ServiceRef[];
  readonly isBusy: boolean;
}

/** X-Ray filter expressions: typed, put together by buttons, and shown where they are wrong. */
export function FilterBox({ filter, onFilter, error, services, isBusy }: FilterBoxProps) {
  const [text, setText] = useState(filter ?? '');
  const [hasHelp, setHelp] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => setText(filter ?? ''), [filter]);
  // The answer is about what was sent, not about what has been typed since.
  const shownError = error !== undefined && text.trim() === (filter ?? '').trim() ? error : undefined;
  const run = (event: Event): void => {
    event.preventDefault();
    onFilter(text);
  };
  const add = (expression: string): void => {
    onFilter(both(filter, expression));
    input.current?.focus();
  };
  const offered = services.filter(({ type }) => type !== 'AWS::Lambda::Function').slice(0, OFFERED);

  return (
    <form class="filter" role="search" onSubmit={run}>
      <div class={`filter-line${shownError === undefined ? '' : ' is-wrong'}`}>
        <Glyph name="search" />
        <label class="visually-hidden" for={id}>Filter expression</label>
        <input
          id={id} ref={input} class="filter-input" type="text" value={text} spellcheck={false} autocomplete="off" autocapitalize="off"
          placeholder={'service("name") { fault }   responsetime > 1   annotation.key = "value"'}
          aria-invalid={shownError !== undefined} aria-describedby={`${id}-error`}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && text !== '') {
              setText('');
              onFilter(undefined);
            }
          }}
        />
        {text !== '' && (
          <button type="button" class="button icon-button" onClick={() => { setText(''); onFilter(undefined); input.current?.focus(); }} aria-label="Remove the filter" title="Remove (Esc)"><Glyph name="close" /></button>
        )}
        <button type="submit" class="button primary">{isBusy ? 'Running…' : 'Run query'}</button>
      </div>
      <div id={`${id}-error`} role="alert">{shownError !== undefined && <FilterErrorNote error={shownError} expression={filter ?? ''} />}</div>
      <div class="chips" role="group" aria-label="Add to the filter">
        {CONDITIONS.map(({ words, expression }) => <button key={words} type="button" class="chip" title={expression} onClick={() => add(expression)}>{words}</button>)}
        {offered.map((service) => (
          <button key={`${service.type ?? ''}/${service.name}`} type="button" class="chip" title={serviceExpression(service)} onClick={() => add(serviceExpression(service))}>
            {shortenName(service.name, 28)}<small>{service.type}</small>
          </button>
        ))}
        <button type="button" class="chip syntax-button" aria-expanded={hasHelp} onClick={() => setHelp(!hasHelp)}>Syntax</button>
      </div>
      {hasHelp && (
        <SyntaxHelp
          onChoose={(expression) => {
            setText(expression);
            input.current?.focus();
          }}
        />
      )}
    </form>
  );
}

function SyntaxHelp({ onChoose }: { onChoose: (expression: string) => void }) {
  return (
    <table class="table syntax">
      <tbody>
        {FILTER_EXAMPLES.map(({ expression, meaning }) => (
          <tr key={expression}>
            <td><button type="button" class="example" onClick={() => onChoose(expression)}>{expression}</button></td>
            <td>{meaning}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The expression again with what is wrong marked, since the message names a position. */
function FilterErrorNote({ error: { message, offset }, expression }: { error: FilterError; expression: string }) {
  return (
    <div class="filter-error">
      {offset !== undefined && (
        <code class="filter-echo" aria-hidden="true">
          {expression.slice(0, offset)}<mark>{expression.slice(offset, offset + 1) || ' '}</mark>{expression.slice(offset + 1)}
        </code>
      )}
      <p>{message}</p>
    </div>
  );
}

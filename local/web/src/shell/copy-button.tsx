import { useState } from 'preact/hooks';
import { Glyph } from './glyph';

/** Puts text on the clipboard and says so. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [result, setResult] = useState<'copied' | 'failed' | undefined>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setResult('copied');
    } catch {
      setResult('failed'); // browsers may forbid it
    }
    setTimeout(() => setResult(undefined), 1500);
  };
  return (
    <button type="button" class="button icon-button" onClick={() => void copy()} title={`Copy ${what}`} aria-label={`Copy ${what}`}>
      <Glyph name="copy" />
      <span class="copied" role="status">{result === 'copied' ? 'Copied' : result === 'failed' ? 'Not allowed' : ''}</span>
    </button>
  );
}

import type { ExceptionDocument } from '../segment-document';

type Frame = NonNullable<ExceptionDocument['stack']>[number];

/** How a line of a stack trace looks in each language; group names are those of a frame. */
const FRAMES = new Map(Object.entries({
  nodejs: /^\s*at (?:(?<label>.+?) \()?(?<path>(?:file:\/\/)?[^()]*?):(?<line>\d+):\d+\)?$/,
  python: /^\s*File "(?<path>.*)", line (?<line>\d+)(?:, in (?<label>.*))?$/,
  java: /^\s*at (?:.*\/)?(?<label>[^(]+)\((?<path>[^:)]+)(?::(?<line>\d+))?\)$/,
  go: /^\s*(?<path>\S+\.go):(?<line>\d+)/,
  dotnet: /^\s*at (?<label>.*?) in (?<path>.*):line (?<line>\d+)$/,
}));

/** Stack frames from the text of `exception.stacktrace`, innermost first; empty when the language is unknown or nothing fits. */
export function stackOf(text: string | undefined, language: string | undefined): Frame[] {
  if (text === undefined) return [];
  const form = FRAMES.get(language === 'javascript' || language === 'webjs' ? 'nodejs' : language ?? '');
  if (form === undefined) return [];
  const frames: Frame[] = [];
  for (const line of text.split('\n')) {
    const groups = form.exec(line.trimEnd())?.groups;
    if (groups === undefined) continue;
    const { path, label } = groups;
    frames.push({
      ...(path === undefined ? {} : { path }),
      ...(groups.line === undefined ? {} : { line: Number(groups.line) }),
      ...(label === undefined ? {} : { label: label.trim() }),
    });
  }
  // Python prints the innermost call last; X-Ray wants it first.
  return language === 'python' ? frames.reverse() : frames;
}

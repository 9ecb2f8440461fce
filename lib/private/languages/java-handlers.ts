import * as fs from 'fs';
import * as path from 'path';

/** Languages of the Java virtual machine; each has a folder of its name in src/main, but its files may also lie in another's. */
const FOLDERS = ['java', 'kotlin', 'scala', 'groovy'];
const EXTENSIONS = ['.java', '.kt', '.scala', '.groovy'];

const HANDLER_CLASS = /\b(?<modifiers>(?:\w+\s+)*)(?:class|record|enum|object)\s+(?<name>[\p{L}_$][\p{L}\d_$]*)[^{};]*?\b(?:RequestHandler|RequestStreamHandler)\b/gu;

/** Names of the classes in a project's sources that implement one of Lambda's two handler interfaces, as the source says it, sorted. */
export function findJavaHandlers(projectDir: string): string[] {
  return FOLDERS.map(folder => path.join(projectDir, 'src', 'main', folder))
    .filter(folder => fs.existsSync(folder))
    .flatMap(sourceFiles)
    .flatMap(handlersIn)
    .sort();
}

function handlersIn(file: string): string[] {
  const text = withoutComments(fs.readFileSync(file, 'utf8'));
  const packageName = /^\s*package\s+([\p{L}\d_$.]+)/mu.exec(text)?.[1];
  const base = path.parse(file).name;
  return [...text.matchAll(HANDLER_CLASS)]
    .filter(match => !/\babstract\b/.test(match.groups!.modifiers))
    // A Java file has one class of its own name; any other that can be a handler lies inside it.
    .map(({ groups }) => file.endsWith('.java') && groups!.name !== base ? `${base}$${groups!.name}` : groups!.name)
    .map(name => packageName ? `${packageName}.${name}` : name);
}

function withoutComments(text: string): string {
  // Strings are matched first, so that '//' in an address is none.
  return text.replace(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, match => match.startsWith('"') ? '""' : ' ');
}

function sourceFiles(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? sourceFiles(file) : EXTENSIONS.includes(path.extname(file)) ? [file] : [];
  });
}

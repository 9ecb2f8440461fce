import * as fs from 'fs';
import * as path from 'path';
import { BundlerRequest } from './bundler';
import { validationError } from '../validation-error';

/**
 * Refuses a handler whose module, or a module that it imports, has a relative import that leads out of the package: Lambda imports the handler by its name, so that
 * a file at the root of the package is in none, and `from .rules import ok` fails at the first event.
 */
export function checkRelativeImports(request: BundlerRequest, sourceDir: string, handler: string): void {
  const name = handler.slice(handler.lastIndexOf('.') + 1);
  const pending = [handler.slice(0, handler.lastIndexOf('.')).split(/[./]/)];
  const seen = new Set<string>();
  for (let module = pending.pop(); module; module = pending.pop()) {
    const file = moduleFile(sourceDir, module);
    if (!file || seen.has(file)) {
      continue;
    }
    seen.add(file);
    const inPackage = path.basename(file) === '__init__.py' ? module : module.slice(0, -1);
    for (const { dots, target, line } of topLevelImports(fs.readFileSync(file, 'utf8'))) {
      if (dots > inPackage.length) {
        throw refusal(request, { sourceDir, file, dots, line, handler, name });
      }
      pending.push([...dots > 0 ? inPackage.slice(0, inPackage.length - dots + 1) : [], ...target]);
    }
  }
}

interface Found {
  readonly sourceDir: string;
  readonly file: string;
  readonly dots: number;
  readonly line: string;
  readonly handler: string;
  readonly name: string;
}

function refusal(request: BundlerRequest, { sourceDir, file, dots, line, handler, name }: Found): Error {
  // The folder around the outermost package, so that every dot of the import has one to lead to.
  let root = path.dirname(file);
  for (let i = 0; i < dots || fs.existsSync(path.join(root, '__init__.py')); i++) {
    root = path.dirname(root);
  }
  const handlerFile = moduleFile(sourceDir, handler.slice(0, handler.lastIndexOf('.')).split(/[./]/))!;
  const module = path.relative(root, handlerFile).replace(/(?:\/__init__)?\.py$/, '').split(path.sep).join('.');
  return validationError(request.scope, 'TF436', `'${file}' has the relative import '${line}', but as the handler '${handler}' it is imported from '${sourceDir}' and is in no package there; ` +
    `set 'entry' to '${path.relative(process.cwd(), root) || '.'}' and 'handler' to '${module}.${name}', or import the module by its name`);
}

function moduleFile(sourceDir: string, module: readonly string[]): string | undefined {
  const base = path.join(sourceDir, ...module);
  return [`${base}.py`, path.join(base, '__init__.py')].find(file => fs.existsSync(file));
}

/** Those that run when the module is imported: not those in a function, in `try` or behind a condition, which are indented. */
function topLevelImports(source: string): { dots: number; target: string[]; line: string }[] {
  const code = source.replace(/("""|''')[\s\S]*?\1/g, '\'\'');
  const from = [...code.matchAll(/^from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]+\(?[ \t]*(\w*)[^\n#(]*/gm)];
  const plain = [...code.matchAll(/^import[ \t]+([\w., \t]+)/gm)].flatMap(([line, names]) => names.split(',').map(name => ({ line, name: name.trim().split(/\s/)[0] })));
  return [
    ...from.flatMap(([line, dots, module, first]) => {
      const target = module.split('.').filter(Boolean);
      const found = { dots: dots.length, line: line.trim() };
      return [{ ...found, target }, ...first ? [{ ...found, target: [...target, first] }] : []];
    }),
    ...plain.filter(({ name }) => name !== '').map(({ line, name }) => ({ dots: 0, target: name.split('.'), line: line.trim() })),
  ];
}

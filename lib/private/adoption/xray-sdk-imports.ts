import * as fs from 'fs';
import * as path from 'path';
import { ancestors } from '../files/ancestors';

/** Packages that record with the AWS X-Ray SDK. */
const XRAY_SDK = /^(?:aws-xray-sdk(?:-.*)?|@aws-lambda-powertools\/tracer)$/;
/** Those that layers bring along. */
export const XRAY_SDK_MODULES = ['@aws-lambda-powertools/tracer', 'aws-xray-sdk', 'aws-xray-sdk-core'];
/** Powertools for Python has one package for its tracer and all else. */
export const PYTHON_POWERTOOLS_TRACER = /aws_lambda_powertools(?:\.tracing\b|\s+import\s+(?:\([^)]*|[^(\n]*)\bTracer\b)/;
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["']([^"'\n]+)["']/g;
const EXTENSIONS = ['', '.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx', '/index.ts', '/index.js', '/index.mjs'];

/** Whether a Node.js module, or one that it imports, uses the X-Ray SDK: of its own files all are looked at, of packages what they depend on. */
export function nodejsUsesXraySdk(entry: string): boolean {
  const seen = new Set<string>();
  const visit = (file: string): boolean => {
    if (seen.has(file)) {
      return false;
    }
    seen.add(file);
    return [...fs.readFileSync(file, 'utf8').matchAll(IMPORT)].some(([, name]) => {
      if (!name.startsWith('.')) {
        const packageName = name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/');
        return XRAY_SDK.test(packageName) || packageUsesXraySdk(packageName, path.dirname(file), new Set());
      }
      const imported = resolve(path.resolve(path.dirname(file), name));
      return imported !== undefined && visit(imported);
    });
  };
  return visit(entry);
}

function resolve(target: string): string | undefined {
  // TypeScript's own way to name the file that will be there: './other.js' for other.ts.
  const bases = [target, target.replace(/\.[mc]?jsx?$/, '')];
  const candidates = bases.flatMap(base => EXTENSIONS.map(extension => base + extension)).filter(file => /\.[mc]?[jt]sx?$/.test(file));
  return candidates.find(file => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

const packages = new Map<string, boolean>();

function packageUsesXraySdk(name: string, from: string, seen: Set<string>): boolean {
  const manifest = ancestors(from).map(folder => path.join(folder, 'node_modules', name, 'package.json')).find(file => fs.existsSync(file));
  if (!manifest || seen.has(manifest) || /^@(?:aws-sdk|smithy|types)\//.test(name)) {
    return false;
  }
  const known = packages.get(manifest);
  if (known !== undefined) {
    return known;
  }
  seen.add(manifest);
  const { dependencies = {} } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { dependencies?: Record<string, string> };
  const uses = Object.keys(dependencies)
    .some(dependency => XRAY_SDK.test(dependency) || packageUsesXraySdk(dependency, path.dirname(manifest), seen));
  packages.set(manifest, uses);
  return uses;
}

/** Whether the folder of a Python function requires the X-Ray SDK. */
export function pythonUsesXraySdk(folder: string): boolean {
  return ['requirements.txt', 'pyproject.toml', 'Pipfile'].map(name => path.join(folder, name))
    .some(file => fs.existsSync(file) && /aws[-_]xray[-_]sdk|powertools\[[^\]]*(?:tracer|all)/i.test(fs.readFileSync(file, 'utf8')))
    || fs.readdirSync(folder).filter(name => name.endsWith('.py')).map(name => fs.readFileSync(path.join(folder, name), 'utf8'))
      .some(text => /^\s*(?:from|import)\s+aws_xray_sdk\b/m.test(text) || PYTHON_POWERTOOLS_TRACER.test(text));
}

/** Whether the module of a Go function requires the X-Ray SDK. */
export function goUsesXraySdk(folder: string): boolean {
  const file = ancestors(folder).map(parent => path.join(parent, 'go.mod')).find(candidate => fs.existsSync(candidate));
  return file !== undefined && fs.readFileSync(file, 'utf8').includes('github.com/aws/aws-xray-sdk-go');
}

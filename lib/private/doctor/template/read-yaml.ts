import { createRequire } from 'module';
import { ReadError } from './read-error';

/** The part of the package `yaml`, version 1, that is used here. */
interface Yaml {
  parseDocument(text: string, options: object): YamlDocument;
  createNode(value: unknown): unknown;
}
interface YamlDocument {
  readonly errors: { message: string; name: string }[];
  readonly schema: { readonly tags: YamlTag[] };
  toJSON(): unknown;
}
interface YamlTag {
  readonly tag: string;
  resolve(document: YamlDocument, node: YamlNode): any;
}
interface YamlNode {
  readonly type: string;
  readonly strValue?: string | { readonly str: string };
}

const FUNCTIONS = ['Base64', 'Cidr', 'FindInMap', 'GetAZs', 'ImportValue', 'Join', 'Select', 'Split', 'Sub', 'Transform', 'If', 'Equals', 'And', 'Or', 'Not', 'Length', 'ToJsonString', 'ForEach', 'GetAtt'];

/** A template in YAML, or JSON, with the short forms of intrinsic functions as their long ones. */
export function readYaml(text: string, file: string): unknown {
  const yaml = findYaml(file);
  const keys: Record<string, string> = { ...Object.fromEntries(FUNCTIONS.map(name => [name, `Fn::${name}`])), Ref: 'Ref', Condition: 'Condition' };
  const customTags = Object.entries(keys).map(([name, key]) => ({
    tag: `!${name}`,
    resolve: (document: YamlDocument, node: YamlNode) => {
      const value = valueOf(document, node);
      return yaml.createNode({ [key]: key === 'Fn::GetAtt' && typeof value === 'string' ? value.split(/\.(.*)/s).slice(0, 2) : value });
    },
  }));
  const document = yaml.parseDocument(text, { customTags, schema: 'core', prettyErrors: false });
  // What breaks a rule of the language and can be read all the same, such as a key that is there twice, CloudFormation takes, too.
  const broken = document.errors.find(({ name }) => name !== 'YAMLSemanticError');
  const value = broken ? undefined : document.toJSON();
  if (broken || document.errors.length > 0 && typeof value !== 'object') {
    throw new ReadError(`${file} cannot be read as YAML or JSON: ${(broken ?? document.errors[0]).message.split('\n')[0]}`);
  }
  return value;
}

/** What stands behind a tag: a text, a list or a map, which may have tags of its own. */
function valueOf(document: YamlDocument, node: YamlNode): unknown {
  const kind = /MAP$/.test(node.type) ? 'tag:yaml.org,2002:map' : /SEQ$/.test(node.type) ? 'tag:yaml.org,2002:seq' : undefined;
  if (kind) return document.schema.tags.find(({ tag }) => tag === kind)!.resolve(document, node).toJSON();
  return typeof node.strValue === 'object' ? node.strValue.str : node.strValue;
}

/** aws-cdk-lib, which npm installs beside this package, brings a YAML reader along. */
function findYaml(file: string): Yaml {
  try {
    return createRequire(require.resolve('aws-cdk-lib/package.json'))('yaml') as Yaml;
  } catch (error) {
    throw new ReadError(`${file} is YAML, and the reader that aws-cdk-lib brings along is not there (${(error as Error).message.split('\n')[0]}); ` +
      'install aws-cdk-lib 2.276.0 or newer beside cdk-traced-function, or give the template as JSON');
  }
}

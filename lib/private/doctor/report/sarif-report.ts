import * as path from 'path';
import { pathToFileURL } from 'url';
import { relative } from './json-report';
import { Examination } from '../examine';
import { RULES } from '../rules';
import { Resource } from '../template/template';

/** SARIF 2.1.0, which code hosts show beside the lines. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function sarifReport({ findings }: Examination, folder: string, version: string): string {
  const lines = new LineFinder();
  return `${JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: {
          name: 'cdk-traced doctor', version, semanticVersion: version,
          rules: RULES.map(({ id, name, title, explanation, severity, link }) => ({
            id, name, shortDescription: { text: title }, fullDescription: { text: explanation.replace(/\s*\n\s*/g, ' ') }, helpUri: link, defaultConfiguration: { level: severity },
          })),
        },
      },
      originalUriBaseIds: { ROOT: { uri: pathToFileURL(`${folder}${path.sep}`).href } },
      columnKind: 'utf16CodeUnits',
      results: findings.map(({ rule, severity, resource, message, fix }) => {
        const file = relative(resource.template.file, folder);
        return {
          ruleId: rule.id, ruleIndex: RULES.indexOf(rule), level: severity,
          message: { text: `${resource.path}: ${message}.${fix ? ` Fix: ${fix}` : ''}` },
          locations: [{
            physicalLocation: {
              artifactLocation: path.isAbsolute(file) ? { uri: pathToFileURL(file).href } : { uri: encodeURI(file), uriBaseId: 'ROOT' },
              region: { startLine: lines.of(resource) },
            },
            logicalLocations: [{ name: resource.id, fullyQualifiedName: resource.path, kind: 'resource' }],
          }],
          partialFingerprints: { 'resource/v1': `${rule.id}:${resource.template.place.stackName ?? ''}:${resource.id}` },
        };
      }),
    }],
  }, undefined, 2)}\n`;
}

/** Lines of resources in their templates, each template searched once. */
class LineFinder {
  private readonly known = new Map<string, Map<string, number>>();

  public of({ id, madeFrom, template }: Resource): number {
    let lines = this.known.get(template.file);
    if (!lines) {
      lines = new Map();
      let isWithin = false;
      for (const [index, text] of template.source.split('\n').entries()) {
        if (/^\s*"?Resources"?\s*:/.test(text)) isWithin = true;
        const key = /^\s*"?([A-Za-z0-9]+)"?\s*:/.exec(text)?.[1];
        if (isWithin && key !== undefined && !lines.has(key)) lines.set(key, index + 1);
      }
      this.known.set(template.file, lines);
    }
    return lines.get(id) ?? lines.get(madeFrom ?? '') ?? 1;
  }
}

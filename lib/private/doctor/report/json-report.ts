import * as path from 'path';
import { Examination, Finding } from '../examine';
import { PredictedEdge } from '../map/predicted-map';
import { Stop } from '../map/stop';

/** Everything, for programs. The shape is stable within a version number. */
export function jsonReport(examination: Examination, folder: string): string {
  const { examined, findings } = examination;
  return `${JSON.stringify({
    version: 1,
    summary: summaryOf(examination),
    findings: findings.map(finding => findingOf(finding, folder)),
    functions: examined.functions.map(({ resource, mode, runtime, recorder, isOfTool, isEdge }) => ({
      path: resource.path, logicalId: resource.id, template: relative(resource.template.file, folder), runtime, mode, recorder,
      ofTool: isOfTool || undefined, edge: isEdge || undefined,
    })),
    map: { nodes: stopsOf(examination).map(nodeOf), edges: examined.map.edges.map(edgeOf) },
  }, undefined, 2)}\n`;
}

export interface Summary {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
  /** Functions that people wrote. */
  readonly functions: number;
  readonly traced: number;
}

export function summaryOf({ examined, findings }: Examination): Summary {
  const count = (severity: string) => findings.filter(finding => finding.severity === severity).length;
  const functions = examined.functions.filter(({ isOfTool }) => !isOfTool);
  return {
    errors: count('error'), warnings: count('warning'), notes: count('note'),
    functions: functions.length, traced: functions.filter(({ mode, isEdge }) => !isEdge && (mode === 'Active' || mode === 'PassThrough')).length,
  };
}

function findingOf({ rule, severity, resource, message, fix }: Finding, folder: string): object {
  return {
    rule: rule.id, name: rule.name, severity, path: resource.path, logicalId: resource.madeFrom ?? resource.id, type: resource.type,
    stack: resource.template.place.stackName,
    template: relative(resource.template.file, folder), message, fix, link: rule.link,
  };
}

/** Stops that an edge leads to or from, and functions. */
export function stopsOf({ examined: { map } }: Examination): Stop[] {
  const joined = new Set(map.edges.flatMap(({ from, to }) => [from, to]));
  return map.stops.all.filter(stop => !stop.isOfTool && (joined.has(stop) || stop.fn));
}

function nodeOf({ key, label, type, name, isTraced, fn }: Stop): object {
  return { key, label, type, name: name.text, traced: isTraced, recorder: fn?.recorder };
}

function edgeOf({ from, to, kind, reason }: PredictedEdge): object {
  return { from: from.key, to: to.key, kind, reason };
}

export function relative(file: string, folder: string): string {
  const from = path.relative(folder, file);
  return (from.startsWith('..') ? file : from).split(path.sep).join('/');
}

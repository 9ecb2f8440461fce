import { PredictedMap } from './predicted-map';
import { RecordedEdge, RecordedMap, RecordedNode } from './recorded-map';
import { Stop } from './stop';
import { Role } from '../functions/role';

export interface MapDifference {
  /** `from -> to`, or a node alone. */
  readonly predictedNeverSeen: readonly string[];
  readonly seenNotPredicted: readonly string[];
  /** Predicted as lost, and seen all the same. */
  readonly seenAlthoughLost: readonly string[];
  /** What templates cannot say, and which is no difference: hosts, databases, services of AWS without a resource. */
  readonly outside: readonly string[];
}

export interface CompareOptions {
  /** Types that the recorder cannot send, which are not missed: `AWS::StepFunctions::StateMachine`. */
  readonly notRecorded?: readonly string[];
}

/** A node that the map of X-Ray should have. */
class ExpectedNode {
  constructor(public readonly stop: Stop, public readonly type: string, private readonly names: readonly string[] = []) {}

  public matches({ name, type }: RecordedNode): boolean {
    return type === this.type && (this.stop.name.matches(name) || this.names.includes(name));
  }

  public get text(): string {
    return `${this.stop.label} ${this.type}`;
  }
}

interface ExpectedEdge {
  readonly from: readonly ExpectedNode[];
  readonly to: ExpectedNode;
  readonly isLink: boolean;
  /** Has to be seen; otherwise it may. */
  readonly isCertain: boolean;
}

/** What X-Ray should show of a predicted map, held against what it has seen. */
export function compareMaps(map: PredictedMap, recorded: RecordedMap, { notRecorded = [] }: CompareOptions = {}): MapDifference {
  const expectation = new Expectation(map, notRecorded);
  const seenEdges = recorded.edges;
  const neverSeen = [
    ...expectation.nodes.filter(node => !recorded.nodes.some(seen => node.matches(seen))).map(node => node.text),
    ...expectation.edges.filter(edge => edge.isCertain && !seenEdges.some(seen => fits(edge, seen))).map(textOf),
  ];
  const outside: string[] = [];
  const notPredicted: string[] = [];
  const although: string[] = [];
  for (const edge of seenEdges) {
    if (expectation.edges.some(expected => fits(expected, edge))) continue;
    const text = `${nodeText(edge.from)} -> ${nodeText(edge.to)}${edge.isLink ? ' (link)' : ''}`;
    if (expectation.lost.some(expected => fits(expected, edge))) although.push(text);
    else if (expectation.isOutside(edge)) outside.push(text);
    else notPredicted.push(text);
  }
  const joined = new Set(seenEdges.flatMap(({ from, to }) => [from, to]));
  for (const node of recorded.nodes) {
    if (!joined.has(node) && !expectation.knows(node)) notPredicted.push(nodeText(node));
  }
  return {
    predictedNeverSeen: unique(neverSeen), seenNotPredicted: unique(notPredicted), seenAlthoughLost: unique(although), outside: unique(outside),
  };
}

export function isSame({ predictedNeverSeen, seenNotPredicted, seenAlthoughLost }: MapDifference): boolean {
  return predictedNeverSeen.length + seenNotPredicted.length + seenAlthoughLost.length === 0;
}

class Expectation {
  /** Nodes that have to be seen. */
  public readonly nodes: ExpectedNode[] = [];
  public readonly edges: ExpectedEdge[] = [];
  public readonly lost: ExpectedEdge[] = [];
  private readonly known: ExpectedNode[] = [];

  constructor(private readonly map: PredictedMap, private readonly notRecorded: readonly string[]) {
    for (const stop of map.stops.all) {
      if (!this.isRecorded(stop)) continue;
      const certain = !stop.isOfTool && this.isReached(stop);
      const nodes = stop.fn ? [this.into(stop), this.outOf(stop)] : [this.into(stop)];
      (certain ? this.nodes : this.known).push(...nodes);
      if (stop.fn) this.edges.push({ from: [nodes[0]], to: nodes[1], isLink: false, isCertain: certain });
    }
    for (const stop of map.stops.all) {
      if (this.isRecorded(stop)) this.expectFrom(stop);
    }
  }

  /** What goes on from a part that sends segments, through parts that do not. */
  private expectFrom(stop: Stop): void {
    const sender = this.outOf(stop);
    const service = this.into(stop);
    const trace = this.traceOf(stop);
    const seen = new Set<Stop>();
    const follow = (at: Stop, isFirst: boolean): void => {
      if (seen.has(at)) return;
      seen.add(at);
      for (const { from, to, kind, reason } of this.map.edgesFrom(at)) {
        const isDestination = /^Lambda sends what became/.test(reason);
        const isSure = !isDestination && from.fn?.recorder !== 'unknown' && !stop.isOfTool && this.isReached(stop) && stop.fn?.mode !== 'unknown';
        if (kind === 'lost') {
          if (this.isRecorded(to)) this.lost.push({ from: [sender, service], to: this.into(to), isLink: false, isCertain: false });
          continue;
        }
        if (kind === 'link') {
          if (this.isRecorded(to)) this.edges.push({ from: trace, to: this.into(to), isLink: true, isCertain: isSure && to.fn?.mode !== 'unknown' });
          continue;
        }
        if (this.isRecorded(to)) {
          this.edges.push({ from: isDestination ? [service, sender] : [sender], to: this.into(to), isLink: false, isCertain: isSure && to.fn?.mode !== 'unknown' });
          continue;
        }
        if (isFirst && !isDestination) this.expectInferred(stop, sender, to, isSure);
        follow(to, false);
      }
    };
    follow(stop, true);
  }

  /** What is called and sends nothing itself is on the map because its caller tells of it, unless what stands behind it does. */
  private expectInferred(stop: Stop, sender: ExpectedNode, to: Stop, isSure: boolean): void {
    if (stop.type === 'AWS::ApiGateway::Stage' || stop.type === 'AWS::SNS') return;
    const node = new ExpectedNode(to, to.type, to.type === 'AWS::SNS' ? ['SNS'] : [to.type.split('::')[1]]);
    const leadsOn = this.map.edgesFrom(to).some(edge => edge.kind === 'continues' && this.isRecorded(edge.to));
    const isCertain = isSure && !leadsOn && CERTAIN.has(to.type);
    (isCertain ? this.nodes : this.known).push(node);
    this.edges.push({ from: [sender], to: node, isLink: false, isCertain });
  }

  /** All nodes of the trace that a part takes part in. */
  private traceOf(stop: Stop): ExpectedNode[] {
    const seen = new Set<Stop>();
    const visit = (at: Stop): void => {
      if (seen.has(at)) return;
      seen.add(at);
      for (const { to, kind } of this.map.edgesFrom(at)) {
        if (kind === 'continues') visit(to);
      }
    };
    visit(stop);
    return [...seen].flatMap(at => [new ExpectedNode(at, at.type, [at.type.split('::')[1]]), ...at.fn ? [this.outOf(at)] : []]);
  }

  private isRecorded(stop: Stop): boolean {
    return stop.isTraced && !stop.fn?.isEdge && !this.notRecorded.includes(stop.type);
  }

  /** A function that only passes on is seen when something traced calls it. */
  private isReached(stop: Stop): boolean {
    const { fn } = stop;
    const callers = this.map.edgesInto(stop);
    // What only a deployment calls was called before anybody looked.
    if (callers.length > 0 && callers.every(({ from }) => from.isOfTool)) return false;
    return fn === undefined || fn.mode === 'Active' || fn.mode === 'PassThrough' && this.map.hasTracedCaller(fn.resource);
  }

  private into(stop: Stop): ExpectedNode {
    return new ExpectedNode(stop, stop.type);
  }

  private outOf(stop: Stop): ExpectedNode {
    return new ExpectedNode(stop, stop.fn ? 'AWS::Lambda::Function' : stop.type);
  }

  public knows(node: RecordedNode): boolean {
    return [...this.nodes, ...this.known].some(expected => expected.matches(node)) || !node.type.startsWith('AWS::');
  }

  /** Whether an edge leads out of what templates describe: to a host, a database, or a service that the function's role may use. */
  public isOutside({ from, to, isLink }: RecordedEdge): boolean {
    if (isLink || to.type === 'AWS::Lambda::Function') return false;
    // Workflows and GraphQL APIs say themselves whom they call, in definitions that are not read to the last field.
    if (/^AWS::(?:StepFunctions|AppSync)::/.test(from.type)) return /^AWS::[^:]+$/.test(to.type) || !to.type.startsWith('AWS::');
    if (from.type !== 'AWS::Lambda::Function') return false;
    if (!to.type.startsWith('AWS::')) return true;
    const caller = this.map.stops.all.find(stop => stop.fn && stop.name.matches(from.name));
    if (!caller?.fn) return false;
    const service = to.type.split('::')[1].toLowerCase();
    if (/^AWS::[^:]+$/.test(to.type) || !this.knowsKind(to.type)) return mayUse(caller.fn.role, SERVICES[service] ?? service);
    return false;
  }

  private knowsKind(type: string): boolean {
    return this.map.stops.all.some(stop => stop.type === type);
  }
}

/** Calls of these are on the map by the resource's own name, so that one can say that they are missing. */
const CERTAIN = new Set(['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::SQS::Queue', 'AWS::SNS', 'AWS::Lambda']);

/** How X-Ray's names of services are written in actions. */
const SERVICES: Record<string, string> = { cloudwatchlogs: 'logs', stepfunctions: 'states', cloudwatch: 'cloudwatch', ssm: 'ssm', simplesystemsmanagement: 'ssm', eventbridge: 'events', sfn: 'states', cognitoidentityprovider: 'cognito-idp' };

/** STS needs no permission to ask who one is. */
function mayUse(role: Role | undefined, service: string): boolean {
  return role === undefined || role.hasUnknown || service === 'sts' || role.managed.some(arn => !/AWSLambdaBasicExecutionRole|AWSXRayDaemonWriteAccess|AWSLambdaVPCAccessExecutionRole/.test(arn))
    || role.statements.some(({ isAllowed, actions }) => isAllowed && actions.some(action => action === '*' || action.toLowerCase().startsWith(`${service}:`)));
}

function fits(expected: ExpectedEdge, seen: RecordedEdge): boolean {
  return expected.isLink === seen.isLink && expected.to.matches(seen.to) && expected.from.some(from => from.matches(seen.from));
}

function textOf({ from, to, isLink }: ExpectedEdge): string {
  return `${from[0].text} -> ${to.text}${isLink ? ' (link)' : ''}`;
}

function nodeText({ name, type }: RecordedNode): string {
  return `${name} ${type}`.trim();
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

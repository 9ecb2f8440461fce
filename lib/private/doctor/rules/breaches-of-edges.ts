import { Breach, Examined } from './rule';
import { EdgeVia } from '../map/predicted-map';

/** A breach for each edge of the predicted map that leads through such a part. */
export function* breachesOfEdges(
  { map }: Examined, ways: readonly EdgeVia[], message: (from: string, to: string, reason: string) => string,
): Generator<Breach> {
  for (const edge of map.edges) {
    if (edge.via === undefined || !ways.includes(edge.via) || edge.to.isOfTool) continue;
    const resource = edge.because ?? edge.to.resource;
    if (resource) yield { resource, message: message(edge.from.label, edge.to.label, edge.reason) };
  }
}

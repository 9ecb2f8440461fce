import type { HttpFacts } from './trace';
import type { VisitDetails } from './visit-details';

const MAX_VALUES = 50_000;
const MAX_LENGTH = 200;

/**
 * Keeps one copy of values that many traces share: parsed JSON makes new strings and objects each time. Bounded: beyond the bound values
 * are simply not shared.
 */
export class ValuePool {
  private readonly texts = new Map<string, string>();
  private readonly detailsByKey = new Map<string, VisitDetails>();

  text(text: string): string {
    if (text.length > MAX_LENGTH) return text;
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size < MAX_VALUES) this.texts.set(text, text);
    return text;
  }

  /** The lengths of bodies differ from call to call and nothing asks for them, so they are left out. */
  http(http: HttpFacts | undefined): HttpFacts | undefined {
    if (http === undefined) return undefined;
    const { method, userAgent, clientIp } = http;
    return {
      ...http,
      contentLength: undefined,
      method: method === undefined ? undefined : this.text(method),
      userAgent: userAgent === undefined ? undefined : this.text(userAgent),
      clientIp: clientIp === undefined ? undefined : this.text(clientIp),
    };
  }

  /** Most visits are known by little more than the status of their response: those are shared. */
  details(details: VisitDetails): VisitDetails {
    if (details.http?.url !== undefined || details.edgeHttp?.url !== undefined || details.links !== undefined) return details;
    const key = JSON.stringify(details);
    const known = this.detailsByKey.get(key);
    if (known !== undefined) return known;
    if (this.detailsByKey.size < MAX_VALUES) this.detailsByKey.set(key, details);
    return details;
  }
}

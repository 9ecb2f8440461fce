import { createHash, randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { HttpError } from './http-error';

const LONGEST_NAME = 100;

/** A request as the operations see it. */
export class ApiRequest {
  /** `POST /sessions/{sessionId}/games` */
  public readonly operation: string;

  constructor(private readonly event: APIGatewayProxyEvent) {
    this.operation = `${event.httpMethod} ${event.resource}`;
  }

  /** A part of the path. */
  public path(name: string): string {
    const value = this.event.pathParameters?.[name];
    if (!value) throw new HttpError(400, `the path has no '${name}'`);
    return value;
  }

  /** A name in the body; undefined where it is left out. */
  public name(field: string): string | undefined {
    const value = this.body[field];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value.trim() === '' || value.length > LONGEST_NAME) {
      throw new HttpError(400, `'${field}' has to be text of 1 to ${LONGEST_NAME} characters`);
    }
    return value;
  }

  public text(field: string): string {
    const value = this.body[field];
    if (typeof value !== 'string' || value === '') throw new HttpError(400, `'${field}' has to be text`);
    return value;
  }

  public integer(field: string, least: number, most: number): number {
    const value = this.body[field];
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      throw new HttpError(400, `'${field}' has to be a whole number from ${least} to ${most}`);
    }
    return value as number;
  }

  /**
   * The id of what the request creates. A request with the header `Idempotency-Key` that comes twice gives the same id: the second one finds
   * what the first has created.
   */
  public newId(kind: string): string {
    const key = Object.entries(this.event.headers ?? {}).find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1];
    if (key === undefined) return randomUUID();
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new HttpError(400, "'Idempotency-Key' has to be 1 to 255 visible ASCII characters");
    // Not the key itself: others who guess it must not meet this item.
    const scope = [kind, this.operation, ...Object.entries(this.event.pathParameters ?? {}).sort().flat(), key];
    return createHash('sha256').update(scope.join('\n')).digest('hex').slice(0, 32);
  }

  private get body(): Record<string, unknown> {
    let body: unknown;
    try {
      body = JSON.parse(this.event.body || '{}');
    } catch {
      throw new HttpError(400, 'the body is not JSON');
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HttpError(400, 'the body has to be a JSON object');
    return body as Record<string, unknown>;
  }
}

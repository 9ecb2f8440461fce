import type { HttpDocument } from '../segment-document';
import type { Attributes } from './attributes';
import type { OtlpSpan } from './trace-request';

const SERVER = 2;

/** The `http` block of a span, from both generations of OpenTelemetry's HTTP conventions; undefined for a span that is no HTTP call. */
export function httpOf(span: OtlpSpan, attributes: Attributes): HttpDocument | undefined {
  const isHttp = ['http.method', 'http.request.method', 'http.url', 'url.full', 'http.status_code', 'http.response.status_code']
    .some((key) => attributes.peek(key) !== undefined);
  if (!isHttp) return undefined;
  const url = urlOf(span, attributes);
  const forwarded = attributes.text('http.client_ip', 'client.address');
  const clientIp = forwarded ?? (span.kind === SERVER ? attributes.text('net.sock.peer.addr', 'network.peer.address', 'net.peer.ip') : undefined);
  const method = attributes.text('http.request.method', 'http.method');
  const userAgent = attributes.text('user_agent.original', 'http.user_agent');
  const status = attributes.number('http.response.status_code', 'http.status_code');
  const length = attributes.number('http.response.body.size', 'http.response_content_length', 'http.response.header.content-length');
  return {
    request: {
      ...(method === undefined ? {} : { method }),
      ...(url === undefined ? {} : { url }),
      ...(userAgent === undefined ? {} : { user_agent: userAgent }),
      ...(clientIp === undefined ? {} : { client_ip: clientIp }),
      ...(forwarded === undefined ? {} : { x_forwarded_for: true }),
    },
    response: {
      ...(status === undefined ? {} : { status }),
      ...(length === undefined ? {} : { content_length: length }),
    },
  };
}

function urlOf(span: OtlpSpan, attributes: Attributes): string | undefined {
  const whole = attributes.text('url.full', 'http.url');
  if (whole !== undefined) return whole;
  const scheme = attributes.text('url.scheme', 'http.scheme') ?? 'http';
  const host = attributes.text('http.host');
  const address = host ?? (span.kind === SERVER
    ? attributes.text('server.address', 'http.server_name', 'net.host.name', 'host.name')
    : attributes.text('server.address', 'net.peer.name', 'net.peer.ip'));
  if (address === undefined) return undefined;
  const port = attributes.text('server.port', span.kind === SERVER ? 'net.host.port' : 'net.peer.port');
  const isDefaultPort = port === undefined || (scheme === 'http' && port === '80') || (scheme === 'https' && port === '443');
  const path = attributes.text('http.target') ?? pathOf(attributes);
  return `${scheme}://${address}${host !== undefined || isDefaultPort ? '' : `:${port}`}${path}`;
}

function pathOf(attributes: Attributes): string {
  const query = attributes.text('url.query');
  return `${attributes.text('url.path') ?? '/'}${query === undefined ? '' : `?${query}`}`;
}

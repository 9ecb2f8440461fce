import { gunzipSync, inflateSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BODY_LIMIT_BYTES } from './body-limit';
import { ApiError } from '../api-error';
import type { Ingest } from '../ingest';
import { messageWithoutPayload } from '../wire/daemon-message';
import { decodeTraceRequest, encodeTraceResponse, traceRequestOfJson } from '../wire/otlp/trace-request';

export const OTLP_PATH = '/v1/traces';
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const ENCODINGS: Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Buffer> = { gzip: gunzipSync, deflate: inflateSync };

/**
 * `POST /v1/traces`: OTLP/HTTP as any OpenTelemetry SDK or collector sends it, protobuf or JSON, plain or compressed. A web page may send, too, if it
 * comes from this machine (`guardOtlp` looks).
 *
 * Source: OpenTelemetry Protocol specification, "OTLP/HTTP".
 */
export function addOtlpRoutes(app: FastifyInstance, ingest: Ingest): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    scope.addHook('onRequest', async ({ headers: { origin } }, reply) => {
      if (origin !== undefined) reply.header('access-control-allow-origin', origin).header('vary', 'origin');
    });
    scope.options(OTLP_PATH, (request, reply) => reply.code(204)
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? 'content-type')
      .header('access-control-max-age', '86400').send());
    scope.post<{ Body: Buffer | object }>(OTLP_PATH, (request, reply) => receive(ingest, request, reply));
    scope.setErrorHandler((error: Error & { status?: number; statusCode?: number }, request, reply) => {
      const status = error.status ?? error.statusCode ?? 500;
      return answer(reply, typeOf(request) ?? JSON_TYPE, status, { message: error.message }, encodeStatus(error.message));
    });
    done();
  });
}

function receive(ingest: Ingest, request: FastifyRequest<{ Body: Buffer | object }>, reply: FastifyReply): FastifyReply {
  const type = typeOf(request);
  if (type === undefined) {
    throw new ApiError(`OTLP comes as ${PROTOBUF} or ${JSON_TYPE}, got the content type '${request.headers['content-type'] ?? ''}'`, 'InvalidRequestException', 415);
  }
  const bytes = decompressed(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), request.headers['content-encoding']);
  let traces;
  try {
    traces = type === JSON_TYPE ? traceRequestOfJson(bytes.toString() || '{}') : decodeTraceRequest(bytes);
  } catch (error) {
    throw new ApiError(`the body is no OTLP trace request: ${messageWithoutPayload(error)}`);
  }
  const partialSuccess = ingest.spans(traces);
  return answer(reply, type, 200, partialSuccess === undefined ? {} : {
    partialSuccess: { ...partialSuccess, rejectedSpans: String(partialSuccess.rejectedSpans) }, // 64-bit integers are text in protobuf's JSON
  }, encodeTraceResponse(partialSuccess));
}

function typeOf(request: FastifyRequest): string | undefined {
  const type = request.headers['content-type']?.split(';')[0].trim().toLowerCase();
  return type === PROTOBUF || type === JSON_TYPE ? type : undefined;
}

function decompressed(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined || encoding === 'identity') return body;
  if (!(encoding in ENCODINGS)) throw new ApiError(`the content encoding must be gzip or deflate, got '${encoding}'`, 'InvalidRequestException', 415);
  try {
    return ENCODINGS[encoding](body, { maxOutputLength: BODY_LIMIT_BYTES });
  } catch (error) {
    throw new ApiError(`the body is not ${encoding}: ${(error as Error).message}`);
  }
}

function answer(reply: FastifyReply, type: string, status: number, json: object, protobuf: Uint8Array): FastifyReply {
  return reply.code(status).type(type).send(type === JSON_TYPE ? JSON.stringify(json) : Buffer.from(protobuf));
}

/** `google.rpc.Status` with its second field, the message: what an OTLP receiver answers on a failure. */
function encodeStatus(message: string): Uint8Array {
  const text = Buffer.from(message.slice(0, 1000));
  const length = [];
  for (let rest = text.length; rest > 0; rest >>>= 7) length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from([0x12, ...length]), text]);
}

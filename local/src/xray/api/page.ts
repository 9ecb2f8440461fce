import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/**
 * What the page may do: load its own files, ask its own server, and nothing else. Traces hold text from anywhere; no piece of it can become
 * a script, and no request leaves the machine.
 */
const HEADERS: Record<string, string> = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    + "require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // Asked for again each time, answered from the browser's memory while it is the same: a newer page is seen at once.
  'cache-control': 'no-cache',
};

/** Serves the built page, the files of a folder, at `/`. */
export function addPage(app: FastifyInstance, webDir: string): void {
  void app.register(fastifyStatic, {
    root: webDir,
    cacheControl: false,
    setHeaders: (reply) => {
      for (const [name, value] of Object.entries(HEADERS)) reply.setHeader(name, value);
    },
  });
}

import { CaptureOptions } from './capture-options';
import { ContextMissing } from '../../instrumentation-options';
import { Capture } from '../bundling/bundling-job';
import { recordingOf } from '../recording';

type Client = Capture['clients'][number];

/**
 * What is recorded of a function, with the defaults of all options.
 *
 * @param clients kinds of clients that the language has, each with the option that leaves it out
 */
export function captureFrom(options: CaptureOptions, clients: readonly (readonly [Client, boolean | undefined])[]): Capture {
  return {
    clients: clients.filter(([, wanted]) => wanted ?? true).map(([client]) => client),
    contextMissing: options.contextMissing ?? ContextMissing.LOG_ERROR,
    coldStart: options.captureColdStart ?? false,
    response: options.captureResponse ?? false,
    recording: recordingOf(options.recording),
    ...options.messages?._capture && { messages: options.messages._capture },
    ...options.sampling?._capture && { sampling: options.sampling._capture },
  };
}

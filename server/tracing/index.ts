/**
 * The door of the tracing room: spans by OpenTelemetry, sent to a collector by OTLP over HTTP. Its packages are loaded when an
 * endpoint is set, and not before; without one, a span is a call of what it is about.
 */
import type { Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Log } from '../log.ts';
import { currentScope, inScope } from '../request.ts';

/** What a span says of itself, such as `{ 'solvent.provider': 'openai' }`. No prompt, no secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span that has begun. */
export interface OpenSpan {
  /** Adds what has become known meanwhile. */
  note(attributes: SpanAttributes): void;
  /** Says what went wrong. */
  fail(error: unknown): void;
}

/** The spans of one process. */
export interface Tracing {
  readonly isOn: boolean;
  /**
   * Does work within a span, under that of the work which it is a part of. What the work throws is noted and thrown on.
   *
   * @param parent a `traceparent` header, for work that a caller elsewhere traces too.
   */
  span<Result>(
    name: string,
    attributes: SpanAttributes,
    work: (span: OpenSpan) => Promise<Result>,
    parent?: string,
  ): Promise<Result>;
  /** Sends what has not been sent, for a few seconds at the most. */
  close(): Promise<void>;
}

const nothing: OpenSpan = { note: () => {}, fail: () => {} };

/** Traces nothing. */
export const noTracing: Tracing = {
  isOn: false,
  span: (_name, _attributes, work) => work(nothing),
  close: async () => {},
};

/** How often spans are sent, and how long a collector may take. */
const SEND_EVERY_MS = 1_000;
const SEND_MS = 5_000;

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

function remoteOf(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** Where spans go. */
export interface TracingOptions {
  /** The collector's address without `/v1/traces`; undefined traces nothing. */
  readonly endpoint: string | undefined;
  readonly serviceName: string;
  readonly log: Log;
}

/** Opens tracing. A collector that does not answer costs spans, and no call waits for it. */
export async function openTracing({ endpoint, serviceName, log }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return noTracing;
  const [api, { BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: SEND_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [
      new BatchSpanProcessor({ exporter, scheduledDelayMillis: SEND_EVERY_MS, exportTimeoutMillis: SEND_MS }),
    ],
  });
  const tracer: Tracer = provider.getTracer('solvent');

  return {
    isOn: true,
    async span(name, attributes, work, parent) {
      const scope = currentScope();
      const remote = remoteOf(parent);
      const above =
        (scope?.span as Span | undefined) ?? (remote ? api.trace.wrapSpanContext(remote) : undefined);
      const under = above ? api.trace.setSpan(api.ROOT_CONTEXT, above) : api.ROOT_CONTEXT;
      const span = tracer.startSpan(
        name,
        { attributes: { ...attributes, 'solvent.request_id': scope?.requestId } },
        under,
      );
      const open: OpenSpan = {
        note: (more) => void span.setAttributes({ ...more }),
        fail(error) {
          span.recordException(error instanceof Error ? error : String(error));
          span.setStatus({ code: api.SpanStatusCode.ERROR });
        },
      };
      try {
        return await inScope({ requestId: scope?.requestId ?? '', span }, () => work(open));
      } catch (error) {
        open.fail(error);
        throw error;
      } finally {
        span.end();
      }
    },
    async close() {
      await provider
        .shutdown()
        .catch((error: unknown) => log.warn({ error }, 'Some spans could not be sent.'));
    },
  };
}

/** Whether vendors work, for operators. */
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';

const CircuitState = builder.enumType('CircuitState', {
  description: 'Whether calls go to a provider.',
  values: {
    CLOSED: { description: 'They do.' },
    OPEN: { description: 'Its last calls failed: none goes there before `until`.' },
    HALF_OPEN: { description: 'The pause is over: a single call tries it, and closes or opens the circuit.' },
  } as const,
});

interface Health {
  readonly name: string;
  readonly configured: boolean;
  readonly sandbox: boolean;
  readonly circuit: (typeof CircuitState)['$inferType'];
  readonly since: Date | null;
  readonly until: Date | null;
  readonly reason: string | null;
}

const ProviderHealth = builder.objectRef<Health>('ProviderHealth').implement({
  description:
    'How a provider is. While its circuit is not closed, other providers serve where no model was named.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As in the names of its models, before the slash.' }),
    configured: t.exposeBoolean('configured', { description: 'Whether it can be called: its key is set.' }),
    sandbox: t.exposeBoolean('sandbox', { description: 'Whether the sandbox stands in for it.' }),
    circuit: t.expose('circuit', { type: CircuitState, description: 'Whether calls go there.' }),
    since: t.expose('since', {
      type: 'DateTime',
      nullable: true,
      description: 'When its circuit opened; null while it is closed.',
    }),
    until: t.expose('until', {
      type: 'DateTime',
      nullable: true,
      description: 'When one call may try it again; null while its circuit is closed.',
    }),
    reason: t.exposeString('reason', {
      nullable: true,
      description: "The failure that opened it, in the vendor's words; null while it is closed.",
    }),
  }),
});

function healthOf({ core }: Context, name: string): Health {
  const { circuit, since, until, reason } = core.routing.health(name);
  const configured = core.providers.named(name) !== null;
  return { name, configured, sandbox: !configured && core.providers.sandbox, circuit, since, until, reason };
}

builder.queryFields((t) => ({
  providers: t.field({
    type: [ProviderHealth],
    ...needs('profit:read', 'Every provider of the catalogue, and whether calls go there.'),
    resolve: (_root, _args, context) => {
      const { catalog, providers } = context.core;
      const names = new Set([...catalog.models().map(({ provider }) => provider), ...providers.names]);
      return [...names].sort().map((name) => healthOf(context, name));
    },
  }),
}));

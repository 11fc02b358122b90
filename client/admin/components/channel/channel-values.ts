/** A channel as its form holds it, and as the API is told. */
import type {
  AlertChannelKind,
  AlertKind,
  AlertSeverity,
  ChannelForm_AlertChannelFragmentFragment,
} from '../../gql/graphql.ts';

/** What the form holds: texts, as they are typed. */
export interface ChannelValues {
  kind: AlertChannelKind;
  name: string;
  target: string;
  enabled: boolean;
  minimumSeverity: AlertSeverity;
  kinds: AlertKind[];
  escalationsOnly: boolean;
  tellsResolved: boolean;
  groupSeconds: string;
  quietFrom: string;
  quietTo: string;
  timeZone: string;
  escalateAfterMinutes: string;
  escalateToId: string | null;
}

/** A channel to be. */
export const NEW_CHANNEL: ChannelValues = {
  kind: 'WEBHOOK',
  name: '',
  target: '',
  enabled: true,
  minimumSeverity: 'WARNING',
  kinds: [],
  escalationsOnly: false,
  tellsResolved: true,
  groupSeconds: '60',
  quietFrom: '',
  quietTo: '',
  timeZone: 'UTC',
  escalateAfterMinutes: '',
  escalateToId: null,
};

/** What a form says of a text that is no whole number. */
export const whole = (text: string) => (/^\d{1,6}$/.test(text.trim()) ? null : 'Give a whole number.');

/** A channel as the form has it. Its target is left empty: what may be a key of it is not shown. */
export const valuesOf = ({
  escalateTo,
  escalateAfterMinutes,
  ...channel
}: ChannelForm_AlertChannelFragmentFragment): ChannelValues => ({
  kind: channel.kind,
  name: channel.name,
  target: '',
  enabled: channel.enabled,
  minimumSeverity: channel.minimumSeverity,
  kinds: [...channel.kinds],
  escalationsOnly: channel.escalationsOnly,
  tellsResolved: channel.tellsResolved,
  groupSeconds: String(channel.groupSeconds),
  quietFrom: channel.quietFrom ?? '',
  quietTo: channel.quietTo ?? '',
  timeZone: channel.timeZone,
  escalateAfterMinutes: escalateAfterMinutes == null ? '' : String(escalateAfterMinutes),
  escalateToId: escalateTo?.id ?? null,
});

/** What the API is told. */
export const inputOf = ({
  kind: _kind,
  target,
  groupSeconds,
  escalateAfterMinutes,
  escalateToId,
  ...rest
}: ChannelValues) => ({
  ...rest,
  ...(target.trim() ? { target: target.trim() } : {}),
  groupSeconds: Number(groupSeconds),
  // 0 takes the escalation away.
  escalateAfterMinutes: Number(escalateAfterMinutes || 0),
  ...(escalateToId && escalateAfterMinutes ? { escalateToId } : {}),
});

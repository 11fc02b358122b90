/** What channels and messages are called for people. */
import type { Tone } from '../../../ui/State.tsx';
import type { AlertChannelKind, AlertDeliveryReason, AlertDeliveryState } from '../../gql/graphql.ts';

export const CHANNEL_KINDS: Readonly<Record<AlertChannelKind, string>> = {
  WEBHOOK: 'Signed webhook',
  SLACK: 'Slack, Mattermost or Discord',
  EMAIL: 'E-mail',
};

export const DELIVERY_STATES: Readonly<Record<AlertDeliveryState, readonly [Tone, string]>> = {
  WAITING: ['quiet', 'Waiting'],
  SENDING: ['busy', 'On its way'],
  DELIVERED: ['good', 'Delivered'],
  DEAD: ['bad', 'Dead'],
};

export const REASONS: Readonly<Record<AlertDeliveryReason, string>> = {
  CHANGES: 'Changes',
  ESCALATION: 'Escalation',
  TEST: 'A test',
};

/** What the states of an import are called for people. */
import type { Tone } from '../../../ui/State.tsx';
import type { HistoryImportState } from '../../gql/graphql.ts';

export const IMPORT_STATES: Readonly<Record<HistoryImportState, readonly [Tone, string]>> = {
  UPLOADING: ['busy', 'Being sent'],
  CHECKING: ['busy', 'Being checked'],
  CHECKED: ['warning', 'Waits for you'],
  IMPORTING: ['busy', 'Being imported'],
  IMPORTED: ['good', 'Imported'],
  FAILED: ['bad', 'Not readable'],
};

/** Asks before something that cannot be taken back or that customers will feel: with its consequence, in figures. */
import type { ReactNode } from 'react';
import { laterDialog } from './later.tsx';

export interface ConfirmDialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
  /** What it is about, where one dialog serves several rows: what was typed for one of them is not kept for another. */
  readonly subject?: string | undefined;
  readonly title: string;
  /** What will be so afterwards, in figures where there are some. */
  readonly children: ReactNode;
  /** What the button says: a verb. */
  readonly confirm: string;
  readonly danger?: boolean;
  /** Asks for a reason, which the audit log keeps: what its field says below its label. */
  readonly reason?: string;
  /** Asks for a note that may be left out: what its field says below its label. */
  readonly note?: string;
  /** Does it. The dialog closes when it gives true. */
  readonly onConfirm: (reason: string) => Promise<boolean>;
}

export const ConfirmDialog = laterDialog<ConfirmDialogProps>(() =>
  import('./ConfirmDialogContent.tsx').then(({ ConfirmDialogContent }) => ConfirmDialogContent),
);

/** Takes credits of one grant back: a dialog that says exactly what that will come to. */
import { Button, Group, Modal, NumberInput, Skeleton, Stack, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { wordsOf } from '../../../ui/format.ts';
import { toastDone } from '../../../ui/toasts.ts';
import { type Amount, Count, Instant, Money } from '../../../ui/values.tsx';
import type { GrantSource } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction, usePageQuery } from '../../graphql/hooks.ts';

const PreviewQuery = graphql(`
  query RevokeCredits_PreviewQuery($grantId: ID!, $credits: Int!) {
    previewRevocation(grantId: $grantId, credits: $credits) {
      revoked
      pending
      unearned {
        amount
        currency
      }
      pendingUnearned {
        amount
        currency
      }
    }
  }
`);

const RevokeMutation = graphql(`
  mutation RevokeCredits_RevokeMutation($input: RevokeCreditsInput!) {
    revokeCredits(input: $input) {
      ... on Revocation {
        id
        revoked
        pending
        grant {
          id
        }
      }
      ... on Error {
        message
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

/** The grant that is meant, as its table shows it. */
export interface RevocableGrant {
  readonly id: string;
  readonly source: GrantSource;
  readonly credits: number;
  readonly remaining: number;
  readonly effectiveAt: string;
  readonly unitRevenue: Amount;
}

interface RevokeCreditsProps {
  /** Null: the dialog is closed. */
  readonly grant: RevocableGrant | null;
  readonly onClose: () => void;
}

const WAIT_MS = 200;

export function RevokeCredits({ grant, onClose }: RevokeCreditsProps) {
  const [revoke, { isBusy }] = useAction(RevokeMutation);
  const [shown, setShown] = useState<RevocableGrant | null>(null);
  // One key for one intent: a second press, or a retry after a lost answer, takes nothing twice.
  const key = useRef('');
  const form = useForm({
    initialValues: { credits: 1, reason: '' },
    validate: {
      credits: (credits) => (Number.isInteger(credits) && credits >= 1 ? null : 'Give at least 1 credit.'),
      reason: (reason) => (reason.trim() ? null : 'Say why.'),
    },
  });
  const { setValues, clearErrors } = form;
  useEffect(() => {
    if (!grant) return;
    key.current = crypto.randomUUID();
    setShown(grant);
    setValues({ credits: Math.max(grant.remaining, 1), reason: '' });
    clearErrors();
  }, [grant, setValues, clearErrors]);
  const { credits } = form.values;
  const [settled] = useDebouncedValue(credits, WAIT_MS);
  const isNumber = Number.isInteger(settled) && settled >= 1 && settled <= 1_000_000_000;
  const asked = usePageQuery(
    PreviewQuery,
    { grantId: grant?.id ?? '', credits: isNumber ? settled : 1 },
    { pause: !grant || !isNumber },
  );
  // While a newer answer is on its way, the one that is there is of another figure.
  const preview = settled === credits && !asked.isLoading ? asked.data?.previewRevocation : undefined;

  const submit = async (values: typeof form.values) => {
    if (!shown) return;
    const done = await revoke({
      input: {
        idempotencyKey: key.current,
        grantId: shown.id,
        credits: values.credits,
        reason: values.reason.trim(),
      },
    });
    if (!done) return;
    const outcome = done.revokeCredits;
    if (outcome.__typename === 'Revocation') {
      toastDone(
        `${outcome.revoked} credits are taken back${outcome.pending ? `, ${outcome.pending} wait for calls` : ''}.`,
      );
      onClose();
    } else if (outcome.__typename === 'InvalidInputError') {
      form.setErrors(fieldErrors(outcome.fields, (path) => (path === 'reason' ? path : 'credits')));
    } else {
      form.setFieldError('credits', outcome.message);
    }
  };
  return (
    <Modal
      opened={grant !== null}
      onClose={onClose}
      title="Take credits back"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
        <Stack>
          {shown && (
            <Text size="sm">
              Of the grant from <Instant value={shown.effectiveAt} /> ({wordsOf(shown.source)},{' '}
              <Count value={shown.credits} /> credits at <Money value={shown.unitRevenue} /> each){' '}
              <Count value={shown.remaining} /> are left.
            </Text>
          )}
          <NumberInput
            label="Credits"
            required
            min={1}
            max={1_000_000_000}
            allowDecimal={false}
            thousandSeparator=","
            data-autofocus
            {...form.getInputProps('credits')}
          />
          <div aria-live="polite">
            {preview ? (
              <Text size="sm">
                <Count value={preview.revoked} /> are taken at once: <Money value={preview.unearned} /> of
                deferred revenue will never be earned and stands in the books as clawed back.
                {preview.pending > 0 && (
                  <>
                    {' '}
                    <Count value={preview.pending} /> more are held by calls under way and are taken as far as
                    those release them: up to <Money value={preview.pendingUnearned} />.
                  </>
                )}{' '}
                What was burned stays burned, and no money goes back.
              </Text>
            ) : (
              <Skeleton height={62} />
            )}
          </div>
          <Textarea
            label="Reason"
            description="The ledger and the audit log keep it."
            required
            autosize
            minRows={2}
            maxLength={1_000}
            {...form.getInputProps('reason')}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red.9" loading={isBusy}>
              Take them back
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Gives credits to a user: a form whose last word is what it will come to. */
import { Button, Group, Modal, NumberInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useRef } from 'react';
import { fromUnits, isAmount, toUnits } from '../../../ui/decimal.ts';
import { toastDone } from '../../../ui/toasts.ts';
import { Count, Money } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';

const GrantCredits_AccountFragment = graphql(`
  fragment GrantCredits_AccountFragment on Account {
    id
    externalId
    balance {
      available
    }
  }
`);

const GrantMutation = graphql(`
  mutation GrantCredits_GrantMutation($input: GrantCreditsInput!) {
    grantCredits(input: $input) {
      ... on Grant {
        id
        credits
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

const EMPTY = { credits: 100, reason: '', unitRevenue: '0' };

export function GrantCredits(props: { readonly account: FragmentType<typeof GrantCredits_AccountFragment> }) {
  const account = readFragment(GrantCredits_AccountFragment, props.account);
  const [isOpen, dialog] = useDisclosure(false);
  const [grant, { isBusy }] = useAction(GrantMutation);
  // One key for one intent: a second press, or a retry after a lost answer, gives nothing twice.
  const key = useRef('');
  const form = useForm({
    initialValues: EMPTY,
    validate: {
      credits: (credits) =>
        Number.isInteger(credits) && credits >= 1 && credits <= 1_000_000_000
          ? null
          : 'Give 1 to 1,000,000,000 credits.',
      reason: (reason) => (reason.trim() ? null : 'Say why.'),
      unitRevenue: (amount) => (isAmount(amount) ? null : 'Give dollars, such as 0 or 0.01.'),
    },
  });
  const open = () => {
    key.current = crypto.randomUUID();
    form.reset();
    dialog.open();
  };
  const submit = async ({ credits, reason, unitRevenue }: typeof EMPTY) => {
    const done = await grant({
      input: {
        idempotencyKey: key.current,
        accountId: account.id,
        credits,
        reason: reason.trim(),
        unitRevenue,
      },
    });
    if (!done) return;
    const outcome = done.grantCredits;
    if (outcome.__typename === 'Grant') {
      toastDone(`${account.externalId} has got ${outcome.credits} credits.`);
      dialog.close();
    } else if (outcome.__typename === 'InvalidInputError') {
      form.setErrors(fieldErrors(outcome.fields));
    } else {
      form.setFieldError('credits', outcome.message);
    }
  };
  const { credits, unitRevenue } = form.values;
  const total =
    isAmount(unitRevenue) && Number.isInteger(credits)
      ? fromUnits(toUnits(unitRevenue) * BigInt(credits))
      : null;
  return (
    <>
      <Button onClick={open}>Grant credits</Button>
      <Modal
        opened={isOpen}
        onClose={dialog.close}
        title={`Grant credits to ${account.externalId}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
          <Stack>
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
            <TextInput
              label="What one credit earns, in dollars"
              description="0 for a gift: what it makes is then booked as pure cost"
              inputMode="decimal"
              {...form.getInputProps('unitRevenue')}
            />
            <Textarea
              label="Reason"
              description="The ledger and the audit log keep it."
              required
              autosize
              minRows={2}
              maxLength={1_000}
              {...form.getInputProps('reason')}
            />
            <Text size="sm" c="dimmed" aria-live="polite">
              {account.externalId} has <Count value={account.balance.available} /> credits
              {Number.isInteger(credits) && (
                <>
                  {' '}
                  and will have <Count value={account.balance.available + credits} />
                </>
              )}
              {total !== null && (
                <>
                  ; they will earn <Money value={{ amount: total, currency: 'USD' }} /> when they are burned
                </>
              )}
              . Credits that were given can be used at once.
            </Text>
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={dialog.close}>
                Cancel
              </Button>
              <Button type="submit" loading={isBusy}>
                Grant
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}

/** Sets a budget, or changes one: a form in a dialog that says what it will mean. */
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { isAmount, shareOf } from '../../../ui/decimal.ts';
import { choicesOf, wordsOf } from '../../../ui/format.ts';
import { toastDone } from '../../../ui/toasts.ts';
import { Ratio } from '../../../ui/values.tsx';
import { OPERATIONS, TIERS } from '../../enums.ts';
import type { BudgetAction, BudgetPeriod, BudgetScope } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';

const SetBudgetMutation = graphql(`
  mutation BudgetForm_SetBudgetMutation($input: SetBudgetInput!) {
    setBudget(input: $input) {
      ... on Budget {
        id
        usage {
          spent {
            amount
          }
        }
        ...BudgetTable_BudgetFragment
      }
      ... on InvalidInputError {
        message
        fields {
          path
          message
        }
      }
    }
  }
`);

const SCOPES: readonly { value: BudgetScope; label: string }[] = [
  { value: 'GLOBAL', label: 'All calls' },
  { value: 'PROVIDER', label: 'Of one provider' },
  { value: 'OPERATION', label: 'Of one operation' },
  { value: 'TIER', label: 'Of one tier' },
  { value: 'ACCOUNT', label: 'Of one user' },
];
const PERIODS: readonly BudgetPeriod[] = ['HOUR', 'DAY', 'MONTH'];
const ACTIONS: readonly { value: BudgetAction; label: string }[] = [
  { value: 'WARN', label: 'Warn: calls go on' },
  { value: 'BLOCK', label: 'Block: refuse what would pass it' },
  { value: 'SHUTDOWN', label: 'Shut down: refuse all paid calls' },
];

/** Whose calls a budget of this scope can count, where that is a choice of few; else null. */
function subjectsOf(scope: BudgetScope, providers: readonly string[]) {
  switch (scope) {
    case 'PROVIDER':
      return providers;
    case 'OPERATION':
      return choicesOf(OPERATIONS);
    case 'TIER':
      return choicesOf(TIERS);
    case 'GLOBAL':
    case 'ACCOUNT':
      return null;
  }
}

/** What the form begins with. `spent` is the present window's, to say what the limit will mean. */
export interface BudgetDraft {
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly period: BudgetPeriod;
  readonly limit: string;
  readonly action: BudgetAction;
  readonly spent?: string;
}

export const NEW_BUDGET: BudgetDraft = {
  scope: 'GLOBAL',
  subject: '',
  period: 'DAY',
  limit: '',
  action: 'BLOCK',
};

interface BudgetFormProps {
  /** Every provider that there is. */
  readonly providers: readonly string[];
  /** Null: the dialog is closed. */
  readonly draft: BudgetDraft | null;
  readonly onClose: () => void;
}

export function BudgetForm({ draft, providers, onClose }: BudgetFormProps) {
  const [setBudget, { isBusy }] = useAction(SetBudgetMutation);
  const [shown, setShown] = useState<BudgetDraft>(NEW_BUDGET);
  const form = useForm<BudgetDraft>({
    initialValues: NEW_BUDGET,
    validate: {
      limit: (limit) => (isAmount(limit) ? null : 'Give dollars, such as 500 or 0.25.'),
      subject: (subject, { scope }) => (scope === 'GLOBAL' || subject.trim() ? null : 'Say which one.'),
    },
  });
  const { setValues, clearErrors } = form;
  useEffect(() => {
    // While it closes it still shows what it was.
    if (!draft) return;
    setShown(draft);
    setValues(draft);
    clearErrors();
  }, [draft, setValues, clearErrors]);

  const isChange = shown !== NEW_BUDGET;
  const submit = async ({ scope, subject, period, limit, action }: BudgetDraft) => {
    const done = await setBudget({
      input: { scope, subject: scope === 'GLOBAL' ? null : subject.trim(), period, limit, action },
    });
    if (done?.setBudget.__typename === 'InvalidInputError') {
      return form.setErrors(fieldErrors(done.setBudget.fields));
    }
    if (!done) return;
    toastDone('The budget is set. It holds at once.');
    onClose();
  };

  const { scope, limit } = form.values;
  const subjects = subjectsOf(scope, providers);
  const share = shown.spent !== undefined && isAmount(limit) ? shareOf(shown.spent, limit) : null;
  return (
    <Modal
      opened={draft !== null}
      onClose={onClose}
      title={isChange ? 'Change a budget' : 'Set a budget'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
        <Stack>
          <Select
            label="Whose calls it counts"
            data={[...SCOPES]}
            allowDeselect={false}
            disabled={isChange}
            {...form.getInputProps('scope')}
            onChange={(value) => {
              const next = SCOPES.find((each) => each.value === value)?.value ?? 'GLOBAL';
              // What is one of another kind would be refused.
              form.setValues({ scope: next, subject: '' });
              form.clearFieldError('subject');
            }}
          />
          {subjects && (
            <Select
              label={wordsOf(scope)}
              data={[...subjects]}
              required
              searchable
              disabled={isChange}
              {...form.getInputProps('subject')}
            />
          )}
          {scope === 'ACCOUNT' && (
            <TextInput
              label="User"
              description="The user's id, such as acc_0191…: it is in the address of their page"
              required
              disabled={isChange}
              {...form.getInputProps('subject')}
            />
          )}
          <Select
            label="In each"
            description="Hours, days and months of UTC"
            data={choicesOf(PERIODS)}
            allowDeselect={false}
            disabled={isChange}
            {...form.getInputProps('period')}
          />
          <TextInput
            label="Limit in dollars"
            required
            inputMode="decimal"
            {...form.getInputProps('limit')}
            data-autofocus
          />
          <Select
            label="At the limit"
            data={[...ACTIONS]}
            allowDeselect={false}
            {...form.getInputProps('action')}
          />
          {share !== null && (
            <Text size="sm" c="dimmed">
              Of this limit <Ratio value={share} /> are spent in the present window
              {share >= 1 && ': it is used up from the moment on in which you set it'}.
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              {isChange ? 'Change' : 'Set'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

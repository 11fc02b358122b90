/** Sets what a plan or a pack costs and gives, at once or from a day on: a form that says what the price will leave. */
import {
  Button,
  Group,
  Modal,
  NumberInput,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { isAmount } from '../../../ui/decimal.ts';
import { choicesOf } from '../../../ui/format.ts';
import { useManner } from '../../../ui/preferences.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import type { PlanInterval, Tier } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';
import { FromDay, instantOf } from '../range/FromDay.tsx';
import { SimulationNote } from './SimulationNote.tsx';
import { UsesEditor } from './UsesEditor.tsx';
import { inputOf, type Use } from './uses.ts';

const SetPlanMutation = graphql(`
  mutation OfferForm_SetPlanMutation($input: SetPlanInput!) {
    setPlan(input: $input) {
      ... on Plan {
        id
        name
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

const SetPackMutation = graphql(`
  mutation OfferForm_SetPackMutation($input: SetPackInput!) {
    setPack(input: $input) {
      ... on Pack {
        id
        name
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

/** What the form begins with. */
export interface OfferDraft {
  readonly kind: 'plan' | 'pack';
  /** Empty: it is made. */
  readonly id: string;
  readonly name: string;
  readonly tier: Tier;
  readonly interval: PlanInterval;
  readonly price: string;
  readonly credits: number;
  readonly rollover: boolean;
  readonly uses: readonly Use[];
}

const NEW: Omit<OfferDraft, 'kind'> = {
  id: '',
  name: '',
  tier: 'PRO',
  interval: 'MONTH',
  price: '',
  credits: 100,
  rollover: false,
  uses: [],
};
export const NEW_PLAN: OfferDraft = { ...NEW, kind: 'plan' };
export const NEW_PACK: OfferDraft = { ...NEW, kind: 'pack' };

const TIERS: readonly Tier[] = ['BASIC', 'STARTER', 'CREATOR', 'PRO'];
/** Where the API's names of fields are not the form's. */
const FIELDS: Readonly<Record<string, string>> = { plan: 'id', pack: 'id' };

interface OfferFormProps {
  /** Null: the dialog is closed. */
  readonly draft: OfferDraft | null;
  readonly models: Parameters<typeof UsesEditor>[0]['models'];
  readonly onClose: () => void;
}

export function OfferForm({ draft, models, onClose }: OfferFormProps) {
  const { zone } = useManner();
  const [setPlan, { isBusy: isSettingPlan }] = useAction(SetPlanMutation);
  const [setPack, { isBusy: isSettingPack }] = useAction(SetPackMutation);
  const [shown, setShown] = useState<OfferDraft>(NEW_PLAN);
  const form = useForm({
    initialValues: { ...NEW_PLAN, from: '', reason: '' },
    validate: {
      id: (id) => (id.trim() ? null : 'Give a short name, such as pro.'),
      price: (price) => (isAmount(price) ? null : 'Give dollars and cents, such as 19.99.'),
      credits: (credits) => (Number.isInteger(credits) && credits >= 1 ? null : 'Give at least 1 credit.'),
      reason: (reason) => (reason.trim() ? null : 'Say why.'),
    },
  });
  const { setValues, clearErrors } = form;
  useEffect(() => {
    // While it closes it still shows what it was.
    if (!draft) return;
    setShown(draft);
    setValues({ ...draft, from: '', reason: '' });
    clearErrors();
  }, [draft, setValues, clearErrors]);

  const isPlan = shown.kind === 'plan';
  const isChange = shown.id !== '';
  const submit = async (values: typeof form.values) => {
    const figures = {
      name: values.name.trim() || null,
      price: values.price,
      credits: values.credits,
      effectiveFrom: instantOf(values.from, zone),
      reason: values.reason.trim(),
    };
    const { tier, interval, rollover, uses } = values;
    const outcome = isPlan
      ? (
          await setPlan({
            input: { ...figures, plan: values.id, tier, interval, rollover, included: inputOf(uses) },
          })
        )?.setPlan
      : (await setPack({ input: { ...figures, pack: values.id } }))?.setPack;
    if (!outcome) return;
    if (outcome.__typename === 'InvalidInputError') {
      return form.setErrors(fieldErrors(outcome.fields, (path) => FIELDS[path] ?? path.split('.')[0]));
    }
    toastDone(
      values.from ? `“${outcome.name}” is scheduled from ${values.from}.` : `“${outcome.name}” is set.`,
    );
    onClose();
  };

  const { price, credits, uses } = form.values;
  return (
    <Modal
      opened={draft !== null}
      onClose={onClose}
      size="xl"
      title={`${isChange ? 'Change' : 'Make'} a ${shown.kind}${isChange ? `: ${shown.name}` : ''}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
        <Stack>
          <Group grow align="flex-start">
            <TextInput
              label="Short name"
              description="Lower-case letters, digits and dashes"
              required
              disabled={isChange}
              {...form.getInputProps('id')}
            />
            <TextInput
              label="Name for people"
              description="As buyers see it"
              {...form.getInputProps('name')}
            />
          </Group>
          {isPlan && (
            <Group grow align="flex-start">
              <Select
                label="Paid each"
                data={[
                  { value: 'MONTH', label: 'Month' },
                  { value: 'YEAR', label: 'Year' },
                ]}
                allowDeselect={false}
                disabled={isChange}
                {...form.getInputProps('interval')}
              />
              <Select
                label="Subscribers become"
                data={choicesOf(TIERS)}
                allowDeselect={false}
                {...form.getInputProps('tier')}
              />
            </Group>
          )}
          <Group grow align="flex-start">
            <TextInput
              label="Price in dollars"
              required
              inputMode="decimal"
              data-autofocus
              {...form.getInputProps('price')}
            />
            <NumberInput
              label="Credits"
              required
              min={1}
              allowDecimal={false}
              thousandSeparator=","
              {...form.getInputProps('credits')}
            />
          </Group>
          {isPlan && (
            <>
              <Switch
                label="What is left stays when the next credits come"
                {...form.getInputProps('rollover', { type: 'checkbox' })}
              />
              <div>
                <Text size="sm" fw={500} mb={4}>
                  What its credits are reckoned for
                </Text>
                <UsesEditor
                  models={models}
                  uses={uses}
                  onChange={(next) => form.setFieldValue('uses', [...next])}
                />
                {form.errors.included && (
                  <Text size="sm" c="var(--mantine-color-error)" role="alert">
                    {form.errors.included}
                  </Text>
                )}
              </div>
            </>
          )}
          <SimulationNote price={price} credits={credits} uses={isPlan ? uses : []} />
          <FromDay
            value={form.values.from}
            onChange={(day) => form.setFieldValue('from', day)}
            error={form.errors.effectiveFrom as string | undefined}
          />
          <Textarea
            label="Reason"
            description="The audit log keeps it."
            required
            autosize
            minRows={2}
            maxLength={1_000}
            {...form.getInputProps('reason')}
          />
          <Text size="sm" c="dimmed">
            What was sold before stays as it was: whoever has subscribed keeps price and credits.
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isSettingPlan || isSettingPack}>
              {form.values.from ? 'Schedule' : isChange ? 'Change' : 'Make'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
